export interface TimeBins {
  add(times: ArrayLike<number>, losses: ArrayLike<number>): void;
  /** Mean loss of each bin since the last call; undefined where no clip fell. */
  take(): (number | undefined)[];
}

/** Mean loss by eighths of time: where on the way from noise to data the network errs. */
export function timeBins(bins = 8): TimeBins {
  const sums = new Float64Array(bins);
  const counts = new Uint32Array(bins);
  return {
    add(times, losses) {
      for (let i = 0; i < times.length; i++) {
        const bin = Math.min(bins - 1, Math.floor((times[i] ?? 0) * bins));
        sums[bin] = (sums[bin] ?? 0) + (losses[i] ?? 0);
        counts[bin] = (counts[bin] ?? 0) + 1;
      }
    },
    take() {
      const means = Array.from(sums, (sum, i) => ((counts[i] ?? 0) > 0 ? sum / (counts[i] ?? 1) : undefined));
      sums.fill(0);
      counts.fill(0);
      return means;
    },
  };
}

export type Point = readonly [step: number, value: number];

/** At most `most` points: of each stretch its lowest and its highest, so that spikes survive. */
export function thinOut(points: readonly Point[], most: number): Point[] {
  if (points.length <= most) return [...points];
  const stretches = Math.floor(most / 2);
  const kept: Point[] = [];
  for (let i = 0; i < stretches; i++) {
    const stretch = points.slice(Math.floor((i * points.length) / stretches), Math.floor(((i + 1) * points.length) / stretches));
    const byValue = [...stretch].sort((a, b) => a[1] - b[1]);
    const [low, high] = [byValue[0], byValue.at(-1)];
    if (low && high) kept.push(...(low === high ? [low] : low[0] < high[0] ? [low, high] : [high, low]));
  }
  return kept;
}

/**
 * Local linear regression (Cleveland 1979, without its robustness steps) over a fortieth of the curve to either side with triangular
 * weights: unlike a running average it neither lags nor bends at the ends.
 */
export function smooth(points: readonly Point[]): Point[] {
  const reach = Math.max(2, Math.round(points.length / 40));
  return points.map(([step], i) => {
    let [w, wx, wxx, wy, wxy] = [0, 0, 0, 0, 0];
    for (let k = -reach; k <= reach; k++) {
      const point = points[i + k];
      if (point === undefined) continue;
      const weight = 1 - Math.abs(k) / (reach + 1);
      const x = point[0] - step;
      w += weight;
      wx += weight * x;
      wxx += weight * x * x;
      wy += weight * point[1];
      wxy += weight * x * point[1];
    }
    const spread = w * wxx - wx * wx;
    return [step, spread > 0 ? (wxx * wy - wx * wxy) / spread : wy / w];
  });
}

/** Values that are not finite, apart: they can be named, not drawn. */
export function splitFinite(points: readonly Point[]): { finite: Point[]; broken: Point[] } {
  const finite = points.filter(([, value]) => Number.isFinite(value));
  return { finite, broken: points.filter(([, value]) => !Number.isFinite(value)) };
}

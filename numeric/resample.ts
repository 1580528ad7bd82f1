const ZERO_CROSSINGS = 6;
const ROLL_OFF = 0.99;

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

/**
 * Sound at another rate by a Hann-windowed sinc of six zero crossings, with torchaudio's default filter so that figures can be compared with those
 * of tools that use it. [n] → [⌈n·to/from⌉], rates in Hz.
 */
export function resample(samples: Float32Array, from: number, to: number): Float32Array {
  if (from === to) return samples;
  const common = divisor(from, to);
  const [stride, phases] = [from / common, to / common];
  const base = ROLL_OFF * Math.min(stride, phases);
  const reach = Math.ceil((ZERO_CROSSINGS * stride) / base);
  const filters = Array.from({ length: phases }, (_, phase) =>
    Float64Array.from({ length: 2 * reach + stride }, (__, k) => {
      const t = Math.max(-ZERO_CROSSINGS, Math.min(ZERO_CROSSINGS, ((k - reach) / stride - phase / phases) * base));
      const sinc = t === 0 ? 1 : Math.sin(Math.PI * t) / (Math.PI * t);
      return (sinc * Math.cos((Math.PI * t) / (2 * ZERO_CROSSINGS)) ** 2 * base) / stride;
    }),
  );
  return Float32Array.from({ length: Math.ceil((phases * samples.length) / stride) }, (_, i) => {
    const first = Math.floor(i / phases) * stride - reach;
    return filters[i % phases]?.reduce((sum, weight, k) => sum + weight * (samples[first + k] ?? 0), 0) ?? 0;
  });
}

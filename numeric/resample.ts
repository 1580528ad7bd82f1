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
  const filters = Array.from({ length: phases }, (_, phase) => {
    const centre = phase / phases;
    const first = Math.ceil((centre - ZERO_CROSSINGS / base) * stride);
    const last = Math.floor((centre + ZERO_CROSSINGS / base) * stride);
    const weights = Float64Array.from({ length: last - first + 1 }, (__, k) => {
      const t = ((first + k) / stride - centre) * base;
      const sinc = t === 0 ? 1 : Math.sin(Math.PI * t) / (Math.PI * t);
      return (sinc * Math.cos((Math.PI * t) / (2 * ZERO_CROSSINGS)) ** 2 * base) / stride;
    });
    return { first, weights };
  });
  const out = new Float32Array(Math.ceil((phases * samples.length) / stride));
  for (let i = 0; i < out.length; i++) {
    const { first, weights } = filters[i % phases] ?? { first: 0, weights: new Float64Array(0) };
    const from = Math.floor(i / phases) * stride + first;
    let sum = 0;
    for (let k = 0; k < weights.length; k++) sum += (weights[k] ?? 0) * (samples[from + k] ?? 0);
    out[i] = sum;
  }
  return out;
}

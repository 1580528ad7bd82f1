/**
 * Removes the mean and scales to a peak of 0.5, in place, as the method prepares all sound before the codec.
 * A silent clip stays silent.
 */
export function levelled(samples: Float32Array): Float32Array {
  let sum = 0;
  for (const value of samples) sum += value;
  const mean = sum / Math.max(1, samples.length);
  let peak = 0;
  for (const value of samples) peak = Math.max(peak, Math.abs(value - mean));
  const gain = 0.5 / (peak + 1e-8);
  for (let i = 0; i < samples.length; i++) samples[i] = ((samples[i] ?? 0) - mean) * gain;
  return samples;
}

/** Frames a second of the rolls that the corrector knows. */
export const ROLL_RATE = 25;

/** First frames of windows that cover a clip, `stride` apart; the last one ends with the clip. A shorter clip has one. */
export const windowStarts = (frames: number, window: number, stride: number): number[] =>
  Array.from({ length: Math.max(0, Math.ceil((frames - window) / stride)) + 1 }, (_, i) =>
    Math.max(0, Math.min(i * stride, frames - window)),
  );

/** A window of a roll [frames,keys] as the networks read it, [keys,window]; silent behind the roll's end. */
export function turnedWindow(roll: Float32Array, keys: number, from: number, window: number): Float32Array {
  const out = new Float32Array(keys * window);
  for (let frame = 0; frame < Math.min(window, roll.length / keys - from); frame++) {
    for (let key = 0; key < keys; key++) out[key * window + frame] = roll[(from + frame) * keys + key] ?? 0;
  }
  return out;
}

/** Which video frame belongs to which latent: integer maps on the host, with the authors' order of operations, on which ties depend. */

const SAMPLE_RATE = 24_000;
/** Samples a latent. */
const HOP = 320;

/** Nearest integer, ties to even, as Python's `round`. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/**
 * Frame of each of `latents` latents: the nearest to the latent's centre. `duration` in seconds.
 * Latents after the end of the video get −1, to be filled with zeros. A single frame stands for all.
 */
export function featureFrames(frames: number, duration: number, latents: number): Int32Array {
  return Int32Array.from({ length: latents }, (_, n) => {
    const sample = n * HOP;
    if (sample >= duration * SAMPLE_RATE) return -1;
    if (frames === 1) return 0;
    return Math.min(roundHalfEven((sample + HOP / 2) / SAMPLE_RATE / (duration / (frames - 1))), frames - 1);
  });
}

/** How often a roll frame is repeated on the latents' grid of 75 a second: ×3 from 25, ×2.5 from 30 frames a second. */
export type RollFactor = 3 | 2.5;

/** Video frame of each frame that the roll predictor sees; one more than needed, the tail is cut after repeating. */
export function rollFrames(frames: number, duration: number, factor: RollFactor, latents: number): Int32Array {
  const step = HOP * factor;
  return Int32Array.from({ length: Math.floor(latents / factor) + 1 }, (_, i) =>
    Math.min(roundHalfEven((i * step) / SAMPLE_RATE / (duration / frames)), frames - 1),
  );
}

/**
 * Windows at the ends of a clip. `clamp`: the first or last frame stands for those that are missing (joint training of the released code);
 * `current`: the middle frame stands for its whole side where that is not complete (Audeo's inference); `skip`: there are none (Audeo's training).
 */
export type WindowEdges = 'clamp' | 'current' | 'skip';

/** Frames of the window around each position, or around frames `reach` … of those that have a whole one. [frames, window] or [frames − 2·reach, window] */
export function frameWindows(frames: number, edges: WindowEdges = 'clamp', window = 5): Int32Array {
  const reach = (window - 1) / 2;
  const [first, count] = edges === 'skip' ? [reach, Math.max(0, frames - 2 * reach)] : [0, frames];
  return Int32Array.from({ length: count * window }, (_, i) => {
    const middle = first + Math.floor(i / window);
    const offset = (i % window) - reach;
    const whole = offset < 0 ? middle >= reach : middle < frames - reach;
    return edges === 'current' && !whole ? middle : clamped(middle + offset, frames);
  });
}

const clamped = (frame: number, frames: number): number => Math.max(0, Math.min(frames - 1, frame));

/** Frames of the window around one of a clip's, as `frameWindows` has them with `clamp`. */
export const windowAround = (frame: number, frames: number, window: number): number[] =>
  Array.from({ length: window }, (_, k) => clamped(frame + k - (window - 1) / 2, frames));

/** Roll probabilities [frames, keys] on the latents' grid: repeated three times, or five times and averaged in pairs; cut or padded with zeros. */
export function rollToLatents(roll: Float32Array, keys: number, factor: RollFactor, latents: number): Float32Array {
  const frames = roll.length / keys;
  const out = new Float32Array(latents * keys);
  const row = (index: number, key: number) => roll[index * keys + key] ?? 0;
  for (let n = 0; n < Math.min(latents, Math.floor(frames * factor)); n++) {
    const [first, second] = factor === 3 ? [Math.floor(n / 3), Math.floor(n / 3)] : [Math.floor((2 * n) / 5), Math.floor((2 * n + 1) / 5)];
    for (let key = 0; key < keys; key++) out[n * keys + key] = (row(first, key) + row(second, key)) / 2;
  }
  return out;
}

import { uniform } from '../../numeric/random.ts';
import type { Tensor, Tf } from '../network/tensor-types.ts';

/**
 * First frames of windows of `window` frames, one a clip, from the address (seed, step). `shared`: one draw for all clips, as the released
 * code has it. Clips shorter than the window begin at 0.
 */
export function drawWindows(seed: number, step: number, lengths: readonly number[], window: number, shared: boolean): number[] {
  const draws = uniform({ seed, purpose: 'contrast window', step }, lengths.length);
  const shortest = Math.min(...lengths);
  return lengths.map((length, i) => {
    const places = Math.max(1, (shared ? shortest : length) - window + 1);
    return Math.floor((draws[shared ? 0 : i] ?? 0) * places);
  });
}

/** The same windows, moved by at most `most` frames within their clips. */
export function jitterWindows(
  seed: number,
  step: number,
  starts: readonly number[],
  lengths: readonly number[],
  window: number,
  most: number,
): number[] {
  const draws = uniform({ seed, purpose: 'contrast jitter', step }, starts.length);
  return starts.map((start, i) => {
    const moved = start - most + Math.floor((draws[i] ?? 0) * (2 * most + 1));
    return Math.max(0, Math.min(moved, (lengths[i] ?? 0) - window));
  });
}

export interface FrameChoice {
  /** [N,window,frames], one-hot; zeros behind the end of a clip. */
  readonly selection: Float32Array;
  /** [N,window], 1 = a frame of the clip. */
  readonly mask: Float32Array;
}

/** Windows as matrices, so that taking them is a product: it has a gradient and keeps the step's shapes fixed. */
export function chooseFrames(starts: readonly number[], lengths: readonly number[], window: number, frames: number): FrameChoice {
  const selection = new Float32Array(starts.length * window * frames);
  const mask = new Float32Array(starts.length * window);
  starts.forEach((start, i) => {
    for (let j = 0; j < window && start + j < (lengths[i] ?? 0); j++) {
      selection[(i * window + j) * frames + start + j] = 1;
      mask[i * window + j] = 1;
    }
  });
  return { selection, mask };
}

/** sequence [N,T,d], selection [N,J,T] → [N,J,d] */
export const takeFrames = (tf: Tf, sequence: Tensor, selection: Tensor): Tensor => tf.matMul(selection, sequence);

import { setImmediate } from 'node:timers/promises';
import type { Tensor, Tf } from '../network/tensor-types.ts';
import type { Velocity } from './guidance.ts';

export interface EulerOptions {
  readonly signal?: AbortSignal;
  /** Sees the state at every grid point, the noise first; it must not keep the tensor. */
  readonly watch?: (index: number, state: Tensor) => void;
}

/**
 * Follows the velocity from noise to data: x ← x + (t_{k+1} − t_k)·v(x, t_k). noise [B,T,C] stays the caller's, the result is too.
 * Between two steps other work of the process gets its turn. Throws `signal.reason`.
 */
export async function euler(
  tf: Tf,
  velocity: Velocity,
  noise: Tensor,
  grid: Float64Array,
  { signal, watch }: EulerOptions = {},
): Promise<Tensor> {
  let state = tf.clone(noise);
  watch?.(0, state);
  for (let k = 0; k + 1 < grid.length; k++) {
    await setImmediate();
    if (signal?.aborted) {
      state.dispose();
      throw signal.reason;
    }
    const [from, to] = [grid[k] ?? 0, grid[k + 1] ?? 1];
    const next = tf.tidy(() => tf.add(state, tf.mul(velocity(state, from), to - from)));
    state.dispose();
    state = next;
    watch?.(k + 1, state);
  }
  return state;
}

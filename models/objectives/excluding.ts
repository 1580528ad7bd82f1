import type { Tensor, Tf } from '../network/tensor-types.ts';

/** Scores whose exponentials vanish where `kept` is 0; `kept` broadcasts. */
export const excluding = (tf: Tf, scores: Tensor, kept: Tensor): Tensor => tf.add(scores, tf.mul(tf.sub(kept, 1), 1e9));

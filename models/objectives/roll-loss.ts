import { size } from '../network/differentiable.ts';
import type { Tensor, Tf } from '../network/tensor-types.ts';

/**
 * How a predicted piano roll is compared with the true one. `code`: squared error weighted by |m − 0.10|, so that notes count
 * about nine times as much as silence (released code of arXiv 2503.22200); `paper`: plain mean squared error, as printed there;
 * `audeo`: binary cross-entropy of logits (Su et al. 2020). The first two take probabilities.
 */
export type RollLoss = 'code' | 'paper' | 'audeo';

/** Factor of the roll loss beside the flow-matching loss. */
export const ROLL_LOSS_WEIGHT = 10;
const SILENCE_WEIGHT = 0.1;

/** Mean over valid frames and all keys. prediction and target [..., keys], target 0…1, mask [...] (1 = valid). */
export function rollLoss(tf: Tf, kind: RollLoss, prediction: Tensor, target: Tensor, mask?: Tensor): Tensor {
  const perFrame = tf.mean(cellLoss(tf, kind, prediction, target), -1);
  return mask ? tf.div(tf.sum(tf.mul(perFrame, mask)), tf.maximum(tf.sum(mask), 1)) : tf.mean(perFrame);
}

function cellLoss(tf: Tf, kind: RollLoss, prediction: Tensor, target: Tensor): Tensor {
  if (kind === 'audeo') return tf.sub(tf.softplus(prediction), tf.mul(prediction, target));
  const squares = tf.square(tf.sub(prediction, target));
  return kind === 'paper' ? squares : tf.mul(squares, tf.abs(tf.sub(target, SILENCE_WEIGHT)));
}

/** Latent frames that are one video frame. */
const GROUP = 3;

/**
 * Training monitor [4]: precision, recall, F1, accuracy TP/(TP+FP+FN) over all cells of a batch, 0 where nothing can be judged.
 * Three frames are averaged to one; a prediction sounds from 0.4, a target from 0.5. Probabilities and targets [B,T,keys], mask [B,T];
 * frames that fill no whole valid group are left out.
 */
export function rollMonitor(tf: Tf, prediction: Tensor, target: Tensor, mask?: Tensor): Tensor {
  const [batch, keys] = [size(prediction, 0), size(prediction, 2)];
  const groups = Math.floor(size(prediction, 1) / GROUP);
  const grouped = (x: Tensor, width: number) =>
    tf.reshape(tf.slice(tf.reshape(x, [batch, -1, width]), [0, 0, 0], [batch, groups * GROUP, width]), [batch, groups, GROUP, width]);
  const sounds = (x: Tensor, threshold: number) => tf.cast(tf.greaterEqual(tf.mean(grouped(x, keys), 2), threshold), 'float32');
  const valid = mask ? tf.min(grouped(mask, 1), 2) : tf.ones([1, 1, 1]);
  const [predicted, wanted] = [tf.mul(sounds(prediction, 0.4), valid), tf.mul(sounds(target, 0.5), valid)];
  const [hits, found, there] = [tf.sum(tf.mul(predicted, wanted)), tf.sum(predicted), tf.sum(wanted)];
  const either = tf.sub(tf.add(found, there), hits);
  const shares: [Tensor, Tensor][] = [
    [hits, found],
    [hits, there],
    [tf.mul(hits, 2), tf.add(found, there)],
    [hits, either],
  ];
  return tf.stack(shares.map(([part, whole]) => tf.div(part, tf.maximum(whole, 1))));
}

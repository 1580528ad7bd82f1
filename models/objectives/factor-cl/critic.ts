import { size } from '../../network/differentiable.ts';
import { linear, linearLayer } from '../../network/linear.ts';
import { relu } from '../../network/relu.ts';
import type { Tensor, Tf, Weights } from '../../network/tensor-types.ts';
import { weight } from '../../network/weight.ts';
import { excluding } from '../excluding.ts';

/**
 * Scores F[i,j] = f(x_j, y_i) [N,N] of all pairs by a perceptron of two hidden layers. x [N,dx], y [N,dy]. `order` says how the pair
 * is laid out for the first layer: InfoNCE critics read [x;y], CLUB critics [y;x]. That layer is applied to x and y apart and added,
 * which saves the N² concatenated rows.
 */
export function pairScores(tf: Tf, weights: Weights, prefix: string, x: Tensor, y: Tensor, order: 'xy' | 'yx'): Tensor {
  const [pairs, dx, dy] = [size(x, 0), size(x, 1), size(y, 1)];
  const matrix = weight(weights, `${prefix}.0.weight`);
  const [first, second] = tf.split(matrix, order === 'xy' ? [dx, dy] : [dy, dx], 1) as [Tensor, Tensor];
  const [ofX, ofY] = order === 'xy' ? [first, second] : [second, first];
  const columns = tf.reshape(linear(tf, x, ofX), [1, pairs, -1]);
  const rows = tf.reshape(linear(tf, y, ofY, weight(weights, `${prefix}.0.bias`)), [pairs, 1, -1]);
  const hidden = relu(tf, tf.reshape(tf.add(columns, rows), [pairs * pairs, -1]));
  const last = relu(tf, linearLayer(tf, weights, `${prefix}.2`, hidden));
  return tf.reshape(linearLayer(tf, weights, `${prefix}.4`, last), [pairs, pairs]);
}

/** Mean of values [..., N] along their last axis over the valid ones of N. */
const meanOf = (tf: Tf, values: Tensor, valid: Tensor): Tensor => tf.div(tf.sum(tf.mul(values, valid), -1), tf.maximum(tf.sum(valid), 1));
const diagonal = (tf: Tf, scores: Tensor): Tensor => tf.sum(tf.mul(scores, tf.eye(size(scores, 0))), 1);

/**
 * Lower bound of a mutual information, mean_i F[i,i] − (mean_i logsumexp_j F[i,j] − ln N): at most ln N. scores [N,N]; pairs
 * that are not valid [N] do not count.
 */
export function infoNce(tf: Tf, scores: Tensor, valid: Tensor = tf.ones([size(scores, 0)])): Tensor {
  const perPair = tf.sub(diagonal(tf, scores), tf.logSumExp(excluding(tf, scores, valid), 1));
  return tf.add(meanOf(tf, perPair, valid), tf.log(tf.maximum(tf.sum(valid), 1)));
}

/** Upper bound mean_i F[i,i] − mean_ij F[i,j], if the critic is the one that makes `infoNce` largest. */
export const club = (tf: Tf, scores: Tensor, valid: Tensor = tf.ones([size(scores, 0)])): Tensor =>
  meanOf(tf, tf.sub(diagonal(tf, scores), meanOf(tf, scores, valid)), valid);

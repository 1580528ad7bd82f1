import type { Tensor, Tensor4D, Tf } from '../../backend/index.ts';
import type { Weights } from '../folder.ts';
import { affine } from './towers.ts';

/** torch's default of batch norms. */
const EPSILON = 1e-5;

/** Batch norm over the last axis by its running estimates. */
export function batchNorm(tf: Tf, weights: Weights, name: string, x: Tensor): Tensor {
  const scale = tf.mul(weights(`${name}.weight`), tf.rsqrt(tf.add(weights(`${name}.running_var`), EPSILON)));
  return tf.add(tf.mul(tf.sub(x, weights(`${name}.running_mean`)), scale), weights(`${name}.bias`));
}

/** Tensors of a batch norm. */
export const batchNormShapes = (name: string, width: number): [string, readonly number[]][] =>
  ['weight', 'bias', 'running_mean', 'running_var'].map((part) => [`${name}.${part}`, [width]]);

/** Tensors of what turns pictures into patches. `reduction`: of the width inside the fusion; none without it. */
export function patchShapes(name: string, width: number, patch: number, reduction: number | undefined): [string, readonly number[]][] {
  const shapes = [...affine(`${name}.proj`, [width, 1, patch, patch]), ...affine(`${name}.norm`, [width])];
  if (reduction === undefined) return shapes;
  const inner = Math.floor(width / reduction);
  const branch = (own: string, first: number): [string, readonly number[]][] => [
    ...affine(`${own}.${first}`, [inner, width, 1, 1]),
    ...batchNormShapes(`${own}.${first + 1}`, inner),
    ...affine(`${own}.${first + 3}`, [width, inner, 1, 1]),
    ...batchNormShapes(`${own}.${first + 4}`, width),
  ];
  return [
    ...shapes,
    ...affine(`${name}.mel_conv2d`, [width, 1, patch, 3 * patch]),
    ...branch(`${name}.fusion_model.local_att`, 0),
    ...branch(`${name}.fusion_model.global_att`, 1),
  ];
}

/** Pictures [B,side,side,1] → patches [B,side/patch,side/patch,width]. */
export function embedPatches(tf: Tf, weights: Weights, name: string, pictures: Tensor): Tensor {
  const [, , rows = 0, columns = 0] = weights(`${name}.weight`).shape;
  const filter = tf.transpose(weights(`${name}.weight`) as Tensor4D, [2, 3, 1, 0]);
  return tf.add(tf.conv2d(pictures as Tensor4D, filter, [rows, columns], 'valid'), weights(`${name}.bias`));
}

/**
 * Fuses patches of a whole sound, [B,H,H,width], with those of three stretches, whose pictures are [3·B,side,side,1] (Dai et al. 2021, as in CLAP,
 * Wu et al. 2023): the stretches, each a third as wide, stand side by side.
 */
export function fuse(tf: Tf, weights: Weights, name: string, whole: Tensor, stretches: Tensor): Tensor {
  const [batch = 0, side = 0, , width = 0] = whole.shape;
  const third = embedPatches(tf, weights, `${name}.mel_conv2d`, stretches);
  const across = third.shape[2] ?? 0;
  const beside = tf.reshape(tf.transpose(tf.reshape(third, [batch, 3, side, across, width]), [0, 2, 1, 3, 4]), [
    batch,
    side,
    3 * across,
    width,
  ]);
  const local = tf.pad(beside, [
    [0, 0],
    [0, 0],
    [0, side - 3 * across],
    [0, 0],
  ]);
  const branch = (own: string, first: number, x: Tensor): Tensor => {
    const hidden = tf.relu(batchNorm(tf, weights, `${own}.${first + 1}`, embedPatches(tf, weights, `${own}.${first}`, x)));
    return batchNorm(tf, weights, `${own}.${first + 4}`, embedPatches(tf, weights, `${own}.${first + 3}`, hidden));
  };
  const sum = tf.add(whole, local);
  const attention = `${name}.fusion_model`;
  const share = tf.sigmoid(
    tf.add(branch(`${attention}.local_att`, 0, sum), branch(`${attention}.global_att`, 1, tf.mean(sum, [1, 2], true))),
  );
  return tf.mul(2, tf.add(tf.mul(whole, share), tf.mul(local, tf.sub(1, share))));
}

import type { Tensor4D } from '../../backend/index.ts';
import type { ImageLayers } from '../image-layers.ts';
import { relu } from '../relu.ts';
import type { Tensor, Tf } from '../tensor-types.ts';
import type { Features } from './residual-blocks.ts';

/** Mean over the grid. [B,H,W,C] → [B,C] */
const overGrid = (tf: Tf, x: Tensor): Tensor => tf.mean(x, [1, 2]);

/**
 * Feature transform: a 1×1 convolution with a border of one, a residual branch, then a mean: of 2×2 with stride 2, or of 3×3 with
 * stride 1, which takes the border away again.
 */
function transform(tf: Tf, layers: ImageLayers, name: string, x: Tensor, halves: boolean): Tensor {
  const y = layers.convolution(`${name}.conv0`, x, { padding: 1 });
  const inner = relu(tf, layers.norm(`${name}.bn1`, layers.convolution(`${name}.conv1`, y, { padding: 1 })));
  const sum = tf.add(layers.convolution(`${name}.conv2`, inner, { padding: 1 }), y) as Tensor4D;
  return layers.seen(name, halves ? tf.avgPool(sum, 2, 2, 'valid') : tf.avgPool(sum, 3, 1, 'valid'));
}

/** Feature refinement: the channels of the lower path are weighed by both paths' means. */
function refine(tf: Tf, layers: ImageLayers, name: string, lower: Tensor, upper: Tensor): Tensor {
  const means = tf.concat([overGrid(tf, lower), overGrid(tf, upper)], 1);
  const weights = tf.sigmoid(layers.linear(`${name}.fc2`, relu(tf, layers.linear(`${name}.fc1`, means))));
  return layers.seen(name, tf.mul(lower, tf.expandDims(tf.expandDims(weights, 1), 1)));
}

/** Softmax over the grid, for each channel by itself. [B,H,W,C] → [B,H,W,C] */
function softmaxOverGrid(tf: Tf, x: Tensor): Tensor {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const byChannel = tf.transpose(tf.reshape(x, [batch, height * width, channels]), [0, 2, 1]);
  return tf.reshape(tf.transpose(tf.softmax(byChannel), [0, 2, 1]), [batch, height, width, channels]);
}

/** Brings the three scales to one grid, lets each be weighed by the one above, and attends to the places where the finer two agree. → [B,2w] */
export function attendedFeatures(tf: Tf, layers: ImageLayers, { x2, x3, x4 }: Features): Tensor {
  const top = layers.seen('toplayer_relu', relu(tf, layers.norm('toplayer_bn', layers.convolution('toplayer', x4))));
  const p4 = refine(tf, layers, 'FRB4', transform(tf, layers, 'FTB4', x4, false), top);
  const p3 = refine(tf, layers, 'FRB3', transform(tf, layers, 'FTB3', x3, true), p4);
  const fine = transform(tf, layers, 'FTB2_2', transform(tf, layers, 'FTB2_1', x2, true), true);
  const p2 = refine(tf, layers, 'FRB2', fine, p3);
  const attended = layers.seen('attended_p4', tf.mul(softmaxOverGrid(tf, tf.mul(p2, p3)), p4));
  return overGrid(tf, tf.add(layers.convolution('conv2', attended), p4));
}

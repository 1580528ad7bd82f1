import { halvingMaxPool } from '../image-convolution.ts';
import type { ImageLayers } from '../image-layers.ts';
import { relu } from '../relu.ts';
import type { Tensor, Tf } from '../tensor-types.ts';

/** Outputs of the second to the fourth layer of the residual network, each half as high and wide as the one before. */
export interface Features {
  readonly x2: Tensor;
  readonly x3: Tensor;
  readonly x4: Tensor;
}

/** ResNet-18 (He et al. 2016) with a stem of 11×11. pictures [B,H,W,C] → [B,H/8,W/8,2w], [B,H/16,W/16,4w], [B,H/32,W/32,8w]. */
export function residualFeatures(tf: Tf, layers: ImageLayers, pictures: Tensor): Features {
  const stem = relu(tf, layers.norm('bn1', layers.convolution('conv1', pictures, { stride: 2, padding: 4 })));
  const x1 = residualLayer(tf, layers, 1, layers.seen('maxpool', halvingMaxPool(tf, stem)));
  const x2 = residualLayer(tf, layers, 2, x1);
  const x3 = residualLayer(tf, layers, 3, x2);
  return { x2, x3, x4: residualLayer(tf, layers, 4, x3) };
}

/** Two blocks below `prefix`; the first of all layers but the first halves the grid and doubles the channels. */
export function residualLayer(tf: Tf, layers: ImageLayers, index: number, x: Tensor, prefix = ''): Tensor {
  const name = `${prefix}layer${index}`;
  const first = residualBlock(tf, layers, `${name}.0`, x, index > 1);
  return layers.seen(name, residualBlock(tf, layers, `${name}.1`, first, false));
}

function residualBlock(tf: Tf, layers: ImageLayers, name: string, x: Tensor, halves: boolean): Tensor {
  const stride = halves ? 2 : 1;
  const inner = relu(tf, layers.norm(`${name}.bn1`, layers.convolution(`${name}.conv1`, x, { stride, padding: 1 })));
  const outer = layers.norm(`${name}.bn2`, layers.convolution(`${name}.conv2`, inner, { padding: 1 }));
  const shortcut = halves ? layers.norm(`${name}.downsample.1`, layers.convolution(`${name}.downsample.0`, x, { stride })) : x;
  return relu(tf, tf.add(outer, shortcut));
}

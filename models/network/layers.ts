import { crossAttention, selfAttention } from './attention.ts';
import type { AttentionSizes } from './clamped-attention.ts';
import type { NetworkConfig, StreamConfig } from './config.ts';
import { depthwiseConvolution } from './convolution.ts';
import { at, size } from './differentiable.ts';
import { feedForward } from './feed-forward.ts';
import { adaptiveGains, gatedResidual, outputGates, residual } from './modulation.ts';
import { audioNames, sideNames } from './names.ts';
import { rmsNorm } from './norm.ts';
import type { RotaryTable } from './rotary.ts';
import type { Tensor, Tf, Weights } from './tensor-types.ts';
import { weight } from './weight.ts';

/** What a layer reads besides its own stream. */
export interface LayerInputs {
  /** Time embedding [B,d]. */
  readonly condition: Tensor;
  /** Text states [B,n,d]. */
  readonly text: Tensor;
  readonly textMask?: Tensor;
  /** [B, registers + T], 1 = valid. */
  readonly mask?: Tensor;
}

/** A network's sizes, and whether attention keeps its matrices of all pairs for the backward pass. */
export type LayerConfig = NetworkConfig & Pick<AttentionSizes, 'keepPairs'>;

const sizesOf = ({ softClamp, keepPairs }: LayerConfig, { heads, headWidth }: StreamConfig): AttentionSizes => ({
  heads,
  headWidth,
  softClamp,
  keepPairs,
});
const column = (tf: Tf, mask?: Tensor) => (mask ? tf.reshape(mask, [size(mask, 0), size(mask, 1), 1]) : undefined);

/** Audio layer: convolution, then self-attention, cross-attention and feed-forward, each normalised and gated by the time. [B,T,d] → [B,T,d] */
export function audioLayer(
  tf: Tf,
  config: LayerConfig,
  weights: Weights,
  layer: number,
  x: Tensor,
  inputs: LayerInputs,
  rotary: RotaryTable,
): Tensor {
  const name = audioNames(layer);
  const { condition, text, textMask, mask } = inputs;
  const sizes = sizesOf(config, config.audio);
  const norms = [name.selfNorm, name.crossNorm, name.feedForwardNorm];
  const gates = [name.selfGate, name.crossGate, name.feedForwardGate];
  const gain = adaptiveGains(
    tf,
    condition,
    norms.map((norm) => weight(weights, norm)),
  );
  const gate = outputGates(
    tf,
    condition,
    gates.map((gate) => weight(weights, `${gate}.weight`)),
    gates.map((gate) => weight(weights, `${gate}.bias`)),
  );
  let h = residual(tf, x, depthwiseConvolution(tf, weights, name.conv, x, column(tf, mask)));
  h = gatedResidual(tf, h, at(gate, 0), selfAttention(tf, weights, name.self, rmsNorm(tf, h, at(gain, 0)), sizes, rotary, mask));
  h = gatedResidual(tf, h, at(gate, 1), crossAttention(tf, weights, name.cross, rmsNorm(tf, h, at(gain, 1)), text, sizes, textMask, mask));
  return gatedResidual(tf, h, at(gate, 2), feedForward(tf, weights, name.feedForward, rmsNorm(tf, h, at(gain, 2))));
}

/** Video or extra layer: convolution, self-attention, feed-forward, plain pre-norm. [B,T,d] → [B,T,d] */
export function sideLayer(
  tf: Tf,
  config: LayerConfig,
  weights: Weights,
  layer: number,
  stream: 'video' | 'extra',
  x: Tensor,
  rotary: RotaryTable,
  mask?: Tensor,
): Tensor {
  const name = sideNames(layer, stream);
  const sizes = config[stream];
  if (!sizes) return x;
  let h = residual(tf, x, depthwiseConvolution(tf, weights, name.conv, x, column(tf, mask)));
  const attended = selfAttention(
    tf,
    weights,
    name.attention,
    rmsNorm(tf, h, weight(weights, name.attentionNorm)),
    sizesOf(config, sizes),
    rotary,
    mask,
  );
  h = residual(tf, h, attended);
  return residual(tf, h, feedForward(tf, weights, name.feedForward, rmsNorm(tf, h, weight(weights, name.feedForwardNorm))));
}

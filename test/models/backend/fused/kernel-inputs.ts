import type { FusedKernel } from '../../../../models/backend/fused/shapes.ts';
import type { Tensor, Tf } from '../../../../models/backend/index.ts';
import { drawn } from './draw.ts';

export interface KernelSizes {
  readonly batch: number;
  readonly time: number;
  readonly keys: number;
  readonly channels: number;
  readonly taps: number;
  readonly heads: number;
  readonly headWidth: number;
  readonly weights: number;
  /** Whether a mask is given or the empty one. */
  readonly masked: boolean;
}

/** What each kernel reads, in its order, by name. */
export function kernelInputs({ batch, time, keys, channels, taps, heads, headWidth, weights, masked }: KernelSizes) {
  const inner = heads * headWidth;
  const states = [batch, time, channels];
  const each = [batch, 1, channels];
  const mask = (length: number) => (masked ? [batch, length] : [0]);
  const self = { packed: [batch, time, 3 * inner + heads], bias: [heads], turns: [2, time, headWidth], mask: mask(time), clamp: [] };
  const cross = { own: [batch, time, inner + heads], given: [batch, keys, 2 * inner], bias: [heads], mask: mask(keys), clamp: [] };
  const answer = { dy: [batch, time, inner] };
  const blend = { old: [weights], added: [weights], kept: [], share: [] };
  return {
    RmsNorm: { x: states, gain: each },
    RmsNormGradient: { dy: states, x: states, scale: [batch, time, 1], gain: each },
    GatedSum: { h: states, gate: each, y: states },
    GatedSumGradient: { dy: states, gate: each, y: states },
    Geglu: { packed: [batch * time, 2 * channels], bias: [2 * channels] },
    GegluGradient: { dy: [batch * time, channels], packed: [batch * time, 2 * channels], bias: [2 * channels] },
    SelfAttention: self,
    SelfAttentionGradient: { ...answer, ...self },
    CrossAttention: cross,
    CrossAttentionGradient: { ...answer, ...cross },
    Depthwise: { x: states, kernel: [taps, channels], bias: [channels], mask: mask(time) },
    DepthwiseGradient: { dy: states, x: states, inner: states, kernel: [taps, channels], mask: mask(time) },
    Blend: blend,
    BlendSquare: blend,
    Adam: { weights: [weights], first: [weights], second: [weights], rate: [], epsilon: [], kept: [] },
  } satisfies Record<FusedKernel, Record<string, number[]>>;
}

/** Numbers of each input; scalars lie between 0 and 1, as a clamp needs it. */
export const drawnInputs = (tf: Tf, shapes: Readonly<Record<string, readonly number[]>>): Tensor[] =>
  Object.entries(shapes).map(([name, shape]) => (shape.length === 0 ? tf.scalar(0.5) : drawn(tf, name, shape)));

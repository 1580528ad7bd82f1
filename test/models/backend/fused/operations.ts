import type { Tensor, Tf } from '../../../../models/backend/index.ts';
import { crossAttention, selfAttention } from '../../../../models/network/attention.ts';
import { depthwiseConvolution } from '../../../../models/network/convolution.ts';
import { feedForward } from '../../../../models/network/feed-forward.ts';
import { gatedResidual } from '../../../../models/network/modulation.ts';
import { attentionNames, feedForwardNames } from '../../../../models/network/names.ts';
import { rmsNorm } from '../../../../models/network/norm.ts';
import { rotaryTable } from '../../../../models/network/rotary.ts';
import { drawn } from './draw.ts';

type Inputs = ReadonlyMap<string, Tensor>;
/** A function of the models that is computed by a fused kernel, with its gradient, where there are any. */
export interface Operation {
  readonly name: string;
  readonly shapes: Readonly<Record<string, number[]>>;
  /** Of the differences from plain operations, over the largest value or 1; about three times what was measured. */
  readonly within: number;
  /** Factors of the drawn numbers. */
  readonly factors?: Readonly<Record<string, number>>;
  /** Makes tables and masks, which outlive a step, and gives the function. */
  readonly prepare: (tf: Tf) => (inputs: Inputs) => Tensor;
}

export function input(inputs: Inputs, name: string): Tensor {
  const found = inputs.get(name);
  if (!found) throw new Error(`no input ${name}`);
  return found;
}

export const norm = (x: number[], gain: number[]): Operation => ({
  name: `norm of [${x}] by [${gain}]`,
  within: 1e-6,
  shapes: { x, gain },
  prepare: (tf) => (i) => rmsNorm(tf, input(i, 'x'), input(i, 'gain')),
});

export const gated = (batch: number, time: number, width: number): Operation => ({
  name: `gated residual of [${[batch, time, width]}]`,
  within: 3e-7,
  shapes: { h: [batch, time, width], gate: [batch, 1, width], y: [batch, time, width] },
  prepare: (tf) => (i) => gatedResidual(tf, input(i, 'h'), input(i, 'gate'), input(i, 'y')),
});

const GEGLU = feedForwardNames('f');
export const fed = (x: number[], inner: number, factor = 1): Operation => ({
  name: `feed-forward of [${x}] through ${inner}${factor === 1 ? '' : `, gates times ${factor}`}`,
  within: factor === 1 ? 1.5e-6 : 8e-6,
  shapes: {
    x,
    [GEGLU.inner]: [2 * inner, x[2] ?? 0],
    [GEGLU.innerBias]: [2 * inner],
    [GEGLU.outer]: [x[2] ?? 0, inner],
    [GEGLU.outerBias]: [x[2] ?? 0],
  },
  factors: { [GEGLU.inner]: factor },
  prepare: (tf) => (i) => feedForward(tf, i, 'f', input(i, 'x')),
});

export const convolved = (batch: number, time: number, width: number, taps: number, masked: boolean): Operation => ({
  name: `convolution of [${[batch, time, width]}] by ${taps} taps${masked ? ', padding' : ''}`,
  within: 1e-6,
  shapes: { x: [batch, time, width], 'c.weight': [width, 1, taps], 'c.bias': [width] },
  prepare: (tf) => {
    const mask = masked ? tf.reshape(drawn(tf, 'mask', [batch, time]), [batch, time, 1]) : undefined;
    return (i) => depthwiseConvolution(tf, i, 'c', input(i, 'x'), mask);
  },
});

interface AttentionCase {
  readonly batch: number;
  readonly time: number;
  /** Of the other sequence. */
  readonly keys?: number;
  readonly heads: number;
  readonly headWidth: number;
  readonly masked?: boolean;
  readonly softClamp?: number;
  /** Factor of the queries. */
  readonly sharp?: number;
}
const ATTENTION = attentionNames('a');
export function attention({ batch, time, keys, heads, headWidth, masked = false, softClamp = 5, sharp = 1 }: AttentionCase): Operation {
  const [width, other, inner] = [7, keys === undefined ? 7 : 9, heads * headWidth];
  const sizes = { heads, headWidth, softClamp };
  const kind = keys === undefined ? 'self-attention' : `cross-attention to ${keys} keys`;
  return {
    name: `${kind} of ${batch} × ${time}, ${heads} × ${headWidth}${masked ? ', padding' : ''}, queries times ${sharp}, c = ${softClamp}`,
    // Far into saturation 1 − tanh² is made of the last bits of tanh; and what goes back to the one key that there is, of those of a difference that is 0.
    within: sharp > 1 || (keys ?? time) === 1 ? 1.5e-4 : 6e-6,
    shapes: {
      x: [batch, time, width],
      ...(keys !== undefined && { context: [batch, keys, other] }),
      [ATTENTION.query]: [inner, width],
      [ATTENTION.key]: [inner, other],
      [ATTENTION.value]: [inner, other],
      [ATTENTION.gate]: [heads, width],
      [ATTENTION.gateBias]: [heads],
      [ATTENTION.out]: [width, inner],
    },
    factors: { [ATTENTION.query]: sharp },
    prepare: (tf) => {
      const mask = masked ? drawn(tf, 'mask', [batch, keys ?? time]) : undefined;
      if (keys !== undefined) return (i) => crossAttention(tf, i, 'a', input(i, 'x'), input(i, 'context'), sizes, mask);
      const scale = 1 / (Math.sqrt(headWidth) * softClamp);
      const rotary = rotaryTable(tf, { positions: time, heads, headWidth, scale });
      return (i) => selfAttention(tf, i, 'a', input(i, 'x'), sizes, rotary, mask);
    },
  };
}

/** Sizes that fill no tile of 8, 16 or 32, one sample among them, sequences shorter than the taps, and logits on both sides of every branch. */
export const OPERATIONS: readonly Operation[] = [
  norm([1, 13, 10], [10]),
  norm([3, 5, 33], [3, 1, 33]),
  norm([2, 1, 70], [70]),
  gated(1, 13, 5),
  gated(3, 2, 33),
  fed([1, 13, 6], 33),
  fed([2, 7, 10], 5),
  fed([2, 3, 10], 70, 30),
  convolved(1, 13, 5, 1, false),
  convolved(2, 13, 33, 3, false),
  convolved(3, 13, 70, 5, true),
  convolved(2, 13, 33, 31, true),
  attention({ batch: 1, time: 13, heads: 3, headWidth: 6 }),
  attention({ batch: 2, time: 13, heads: 2, headWidth: 10, masked: true }),
  attention({ batch: 3, time: 13, heads: 1, headWidth: 24, softClamp: 50 }),
  attention({ batch: 3, time: 37, heads: 2, headWidth: 32, masked: true, softClamp: 50 }),
  attention({ batch: 2, time: 1, heads: 2, headWidth: 6 }),
  attention({ batch: 1, time: 13, heads: 2, headWidth: 6, sharp: 0.01 }),
  attention({ batch: 1, time: 13, heads: 2, headWidth: 6, sharp: 100 }),
  attention({ batch: 1, time: 13, heads: 2, headWidth: 6, softClamp: 50, sharp: 100 }),
  attention({ batch: 1, time: 13, keys: 7, heads: 3, headWidth: 6 }),
  attention({ batch: 3, time: 13, keys: 7, heads: 2, headWidth: 10, masked: true }),
  attention({ batch: 2, time: 5, keys: 1, heads: 2, headWidth: 24, softClamp: 50 }),
  attention({ batch: 2, time: 13, keys: 33, heads: 1, headWidth: 32, masked: true, sharp: 100 }),
];

export const leavesOf = (tf: Tf, { shapes, factors = {} }: Operation): Inputs =>
  new Map(Object.entries(shapes).map(([name, shape]) => [name, tf.mul(drawn(tf, name, shape), factors[name] ?? 1)]));

/** What an operation gives, then the gradients of a weighted sum of it by its inputs, by name. */
export function valueAndGradients(tf: Tf, { prepare }: Operation, leaves: Inputs): Map<string, Tensor> {
  const [names, run] = [[...leaves.keys()], prepare(tf)];
  const value = run(leaves);
  const probe = drawn(tf, 'probe', value.shape);
  const loss = (...given: Tensor[]) => tf.sum(tf.mul(run(new Map(names.map((name, i) => [name, given[i] as Tensor]))), probe)).asScalar();
  const gradients = tf.grads(loss)([...leaves.values()]);
  return new Map([['value', value], ...names.map((name, i) => [`gradient by ${name}`, gradients[i] as Tensor] as const)]);
}

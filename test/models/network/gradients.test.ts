import { beforeAll, describe, expect, it } from 'vitest';
import { type BackendName, loadBackend } from '../../../models/backend/index.ts';
import { findNativePackages } from '../../../models/backend/native.ts';
import { reflectPad } from '../../../models/encoders/encodec/padding.ts';
import { crossAttention, selfAttention } from '../../../models/network/attention.ts';
import { normaliseByBatch } from '../../../models/network/batch-norm.ts';
import { depthwiseConvolution } from '../../../models/network/convolution.ts';
import { gatedLinear } from '../../../models/network/feed-forward.ts';
import { convolution, halvingMaxPool } from '../../../models/network/image-convolution.ts';
import { linear, packedLinear } from '../../../models/network/linear.ts';
import { gatedResidual, residual } from '../../../models/network/modulation.ts';
import { attentionNames } from '../../../models/network/names.ts';
import { rmsNorm } from '../../../models/network/norm.ts';
import { recomputed } from '../../../models/network/recompute.ts';
import { relu } from '../../../models/network/relu.ts';
import { type RotaryTable, rotaryTable } from '../../../models/network/rotary.ts';
import { silu } from '../../../models/network/silu.ts';
import { standardise } from '../../../models/network/standardise.ts';
import type { Tensor, Tf } from '../../../models/network/tensor-types.ts';
import { normal } from '../../../numeric/random.ts';
import { againstDifferences, type Leaves } from '../objectives/gradient-step.ts';
import { relativeDifference } from './fixture.ts';

const present: BackendName[] = findNativePackages().length > 0 ? ['tensorflow', 'wasm', 'cpu'] : ['wasm', 'cpu'];
const SIZES = { heads: 2, headWidth: 4, softClamp: 5 };
const ROTARY = { positions: 3, heads: 2, headWidth: 4, scale: 1 / (Math.sqrt(4) * 5) };
const attention = attentionNames('a');
const heads = (x: number): Record<string, number[]> => ({
  [attention.query]: [8, x],
  [attention.gate]: [2, x],
  [attention.gateBias]: [2],
  [attention.out]: [x, 8],
});
/** Tables outlive a step, as in the network. */
const tables = new Map<Tf, RotaryTable>();
async function begin(backend: BackendName): Promise<Tf> {
  const { tf } = await loadBackend(backend);
  tables.set(tf, rotaryTable(tf, ROTARY));
  return tf;
}
const rotary = (tf: Tf): RotaryTable => tables.get(tf) ?? rotaryTable(tf, ROTARY);
const mask = (tf: Tf) => tf.tensor2d([1, 1, 1, 1, 1, 0], [2, 3]);

type Operation = (tf: Tf, inputs: Readonly<Record<string, Tensor>>) => Tensor;
const given = (inputs: Readonly<Record<string, Tensor>>, name: string): Tensor => {
  const tensor = inputs[name];
  if (!tensor) throw new Error(`no input ${name}`);
  return tensor;
};
const weightsOf = (inputs: Readonly<Record<string, Tensor>>) => new Map(Object.entries(inputs));
const x34 = { x: [2, 3, 4] };

/** Every operation whose gradient is written by hand, and those that are put together from other kernels than the library's own. */
const OPERATIONS: readonly [name: string, shapes: Readonly<Record<string, number[]>>, run: Operation][] = [
  ['linear with bias', { ...x34, w: [5, 4], b: [5] }, (tf, i) => linear(tf, given(i, 'x'), given(i, 'w'), given(i, 'b'))],
  ['linear of rows', { x: [6, 4], w: [5, 4] }, (tf, i) => linear(tf, given(i, 'x'), given(i, 'w'))],
  ['packed linear', { ...x34, w: [5, 4], v: [2, 4] }, (tf, i) => packedLinear(tf, given(i, 'x'), [given(i, 'w'), given(i, 'v')])],
  ['ReLU', x34, (tf, i) => relu(tf, given(i, 'x'))],
  ['SiLU', x34, (tf, i) => silu(tf, given(i, 'x'))],
  ['SiLU with bias', { ...x34, b: [4] }, (tf, i) => silu(tf, given(i, 'x'), given(i, 'b'))],
  [
    'GEGLU',
    { v: [6, 4], g: [6, 4], w: [3, 4], b: [3] },
    (tf, i) => gatedLinear(tf, given(i, 'v'), given(i, 'g'), given(i, 'w'), given(i, 'b')),
  ],
  ['RMSNorm', { ...x34, g: [4] }, (tf, i) => rmsNorm(tf, given(i, 'x'), given(i, 'g'))],
  ['adaptive RMSNorm', { ...x34, g: [2, 1, 4] }, (tf, i) => rmsNorm(tf, given(i, 'x'), given(i, 'g'))],
  ['residual', { ...x34, y: [2, 3, 4] }, (tf, i) => residual(tf, given(i, 'x'), given(i, 'y'))],
  ['gated residual', { ...x34, g: [2, 1, 4], y: [2, 3, 4] }, (tf, i) => gatedResidual(tf, given(i, 'x'), given(i, 'g'), given(i, 'y'))],
  [
    'self-attention',
    { ...x34, ...heads(4), [attention.key]: [8, 4], [attention.value]: [8, 4] },
    (tf, i) => selfAttention(tf, weightsOf(i), 'a', given(i, 'x'), SIZES, rotary(tf)),
  ],
  [
    'self-attention with padding',
    { ...x34, ...heads(4), [attention.key]: [8, 4], [attention.value]: [8, 4] },
    (tf, i) => selfAttention(tf, weightsOf(i), 'a', given(i, 'x'), SIZES, rotary(tf), mask(tf)),
  ],
  [
    'cross-attention with padding',
    { ...x34, context: [2, 3, 5], ...heads(4), [attention.key]: [8, 5], [attention.value]: [8, 5] },
    (tf, i) => crossAttention(tf, weightsOf(i), 'a', given(i, 'x'), given(i, 'context'), SIZES, mask(tf)),
  ],
  [
    'depthwise convolution',
    { ...x34, 'c.weight': [4, 1, 3], 'c.bias': [4] },
    (tf, i) => depthwiseConvolution(tf, weightsOf(i), 'c', given(i, 'x'), tf.reshape(mask(tf), [2, 3, 1])),
  ],
  ['convolution', { x: [1, 4, 5, 2], k: [3, 2, 3, 3] }, (tf, i) => convolution(tf, given(i, 'x'), given(i, 'k'), { padding: 1 })],
  [
    'convolution of a large kernel',
    { x: [2, 12, 11, 2], k: [3, 2, 7, 7] },
    (tf, i) => convolution(tf, given(i, 'x'), given(i, 'k'), { stride: 2, padding: 2 }),
  ],
  [
    'transposed convolution',
    { x: [1, 4, 5, 2], k: [2, 3, 3, 3] },
    (tf, i) => convolution(tf, given(i, 'x'), given(i, 'k'), { padding: 1, transposed: true }),
  ],
  ['halving max pool', { x: [1, 5, 5, 2] }, (tf, i) => halvingMaxPool(tf, tf.square(given(i, 'x')))],
  ['standardise', { x: [2, 3, 4, 2] }, (tf, i) => standardise(tf, given(i, 'x'), [1, 2], 0.1).value],
  [
    'batch norm',
    { x: [2, 3, 4, 2], scale: [2], offset: [2] },
    (tf, i) => {
      const estimates = { runningMean: tf.zeros([2]), runningVariance: tf.ones([2]) };
      return normaliseByBatch(tf, given(i, 'x'), { scale: given(i, 'scale'), offset: given(i, 'offset'), ...estimates }, 0.1).value;
    },
  ],
  [
    'a block that is run again',
    { ...x34, w: [4, 4] },
    (tf, i) =>
      recomputed(tf, new Map([['w', given(i, 'w')]]), { x: given(i, 'x') }, {}, (own, { x }) =>
        tf.tanh(linear(tf, x, given(Object.fromEntries(own), 'w'))),
      ),
  ],
  ['reflection at the edges', { x: [1, 1, 6, 2] }, (tf, i) => reflectPad(tf, given(i, 'x').as4D(1, 1, 6, 2), 3, 2)],
];

const draw = (tf: Tf, purpose: string, shape: readonly number[]) =>
  tf.tensor(
    normal(
      { seed: 4, purpose },
      shape.reduce((product, side) => product * side, 1),
    ),
    [...shape],
  );
const leavesOf = (tf: Tf, shapes: Readonly<Record<string, number[]>>): Leaves =>
  new Map(Object.entries(shapes).map(([name, shape]) => [name, draw(tf, name, shape)]));
const lossOf = (tf: Tf, run: Operation) => (leaves: Leaves) => {
  const value = run(tf, Object.fromEntries(leaves));
  return tf.sum(tf.mul(value, draw(tf, 'probe', value.shape)));
};
/** All gradients in one row. */
const gradientsOf = (tf: Tf, leaves: Leaves, run: Operation): Tensor => {
  const names = [...leaves.keys()];
  const loss = (...values: Tensor[]) => lossOf(tf, run)(new Map(names.map((name, i) => [name, values[i] as Tensor]))).asScalar();
  return tf.concat(
    tf
      .grads(loss)([...leaves.values()])
      .map((gradient) => tf.reshape(gradient, [-1])),
  );
};

const reference = new Map<string, { shape: number[]; data: Float32Array }>();
beforeAll(async () => {
  const tf = await begin('cpu');
  for (const [name, shapes, run] of OPERATIONS) {
    const gradients = gradientsOf(tf, leavesOf(tf, shapes), run);
    reference.set(name, { shape: gradients.shape, data: gradients.dataSync<'float32'>() });
  }
});

describe.each(present)('gradients on %s', (backend) => {
  let tf: Tf;
  beforeAll(async () => {
    tf = await begin(backend);
  });

  it.each(OPERATIONS)('%s: as finite differences, at once and compiled, and as on the plain backend', (name, shapes, run) => {
    const leaves = leavesOf(tf, shapes);
    // Sharp attention multiplies rounding: over 20 draws its gradients, compiled and not, are up to 4.7e-6 apart (docs/decisions.md).
    expect(againstDifferences(tf, leaves, lossOf(tf, run), 1e-2, name.includes('attention') ? 1e-5 : undefined)).toBeLessThan(5e-3);
    expect(relativeDifference(gradientsOf(tf, leaves, run), reference.get(name) ?? { shape: [], data: new Float32Array() })).toBeLessThan(
      1e-5,
    );
  });

  it('and the check turns red for a wrong one', () => {
    const wrong: Operation = (tf, i) =>
      tf.customGrad((x) => ({ value: tf.square(x as Tensor), gradFunc: (dy) => tf.mul(dy, 3) }))(given(i, 'x'));
    expect(againstDifferences(tf, leavesOf(tf, { x: [3] }), lossOf(tf, wrong))).toBeGreaterThan(0.1);
  });
});

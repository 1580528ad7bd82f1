import { beforeAll, describe, expect, it } from 'vitest';
import { loadBackend, type Tf } from '../../../../models/backend/index.ts';
import { crossAttention } from '../../../../models/network/attention.ts';
import { adamStep, firstMoment, secondMoment, TORCH_ADAM } from '../../../../models/training/optimiser.ts';
import { drawn, farthest, loadNative, type Values, valuesOf } from './draw.ts';
import { attention, gated, input, leavesOf, OPERATIONS, type Operation, valueAndGradients } from './operations.ts';

const { tf, isFused } = await loadNative();
const valuesBy = (tf: Tf, operation: Operation): Map<string, Values> =>
  new Map([...valueAndGradients(tf, operation, leavesOf(tf, operation))].map(([name, tensor]) => [name, valuesOf(tensor)]));

const UPDATES: readonly [name: string, run: (tf: Tf) => ReturnType<typeof drawn>][] = [
  ['first moment', (tf) => firstMoment(tf, TORCH_ADAM, drawn(tf, 'first', [40_001]), drawn(tf, 'gradient', [40_001]), tf.scalar(0.3))],
  ['second moment', (tf) => secondMoment(tf, TORCH_ADAM, drawn(tf, 'second', [40_001]), drawn(tf, 'gradient', [40_001]), 0.3)],
  [
    'Adam step',
    (tf) => {
      const [weights, first, second] = ['weights', 'first', 'second'].map((name) => drawn(tf, name, [40_001])) as [never, never, never];
      return adamStep(tf, weights, { first, second }, { rate: tf.scalar(0.01), epsilon: tf.scalar(1e-8) }, tf.scalar(0.99));
    },
  ],
];

describe.skipIf(!isFused)('fused kernels give what the same functions give of plain operations:', () => {
  /** By the backend in JavaScript, which has no fused kernels and sums in double precision. */
  const plain = new Map<string, Map<string, Values>>();
  beforeAll(async () => {
    const { tf } = await loadBackend('cpu');
    for (const operation of OPERATIONS) plain.set(operation.name, valuesBy(tf, operation));
    for (const [name, run] of UPDATES) plain.set(name, new Map([['value', valuesOf(run(tf))]]));
    await loadNative();
  });
  const distances = (name: string, found: ReadonlyMap<string, Values>): Record<string, number> =>
    Object.fromEntries([...(plain.get(name) ?? [])].map(([part, wanted]) => [part, farthest(found.get(part) as Values, wanted)]));

  it.each(OPERATIONS)('$name', (operation) => {
    const found = distances(operation.name, valuesBy(tf, operation));
    expect(Object.keys(found)).toHaveLength(1 + Object.keys(operation.shapes).length);
    for (const [part, distance] of Object.entries(found)) expect(distance, part).toBeLessThan(operation.within);
  });

  it.each(UPDATES)('%s', (name, run) => {
    expect(distances(name, new Map([['value', valuesOf(run(tf))]])).value).toBeLessThan(3e-7);
  });

  it('a gradient that is wrong by a ten-thousandth shows', () => {
    const right = gated(1, 13, 5);
    const bent = tf.customGrad((x) => ({ value: tf.clone(x as never), gradFunc: (dy) => tf.mul(dy, 1.0001) }));
    const prepare: Operation['prepare'] = (tf) => (i) => right.prepare(tf)(new Map([...i, ['y', bent(input(i, 'y'))]]));
    const found = distances(right.name, valuesBy(tf, { ...right, prepare }));
    expect(found.value).toBeLessThan(right.within);
    expect(found['gradient by h']).toBeLessThan(right.within);
    expect(found['gradient by y']).toBeGreaterThan(10 * right.within);
  });

  it('a soft clamp that is another by a thousandth shows', () => {
    const sizes = { batch: 1, time: 13, heads: 3, headWidth: 6 };
    const right = attention(sizes);
    expect(distances(right.name, valuesBy(tf, attention({ ...sizes, softClamp: 5.005 }))).value).toBeGreaterThan(10 * right.within);
  });
});

describe.skipIf(!isFused)('a sequence whose keys all are padding', () => {
  it('gets the answer 0, exactly, and nothing goes back to the keys', () => {
    const operation = attention({ batch: 2, time: 13, keys: 7, heads: 2, headWidth: 6 });
    const answerWith = (mask: ReturnType<typeof drawn>): Operation => ({
      ...operation,
      prepare: (tf) => (i) =>
        crossAttention(tf, i, 'a', input(i, 'x'), input(i, 'context'), { heads: 2, headWidth: 6, softClamp: 5 }, mask),
    });
    const none = valuesBy(tf, answerWith(tf.zeros([2, 7])));
    for (const part of ['value', 'gradient by context']) expect(none.get(part)?.data.every((value) => value === 0)).toBe(true);
    const one = valuesBy(tf, answerWith(tf.oneHot(tf.tensor1d([0, 3], 'int32'), 7).toFloat()));
    for (const part of ['value', 'gradient by context']) expect(one.get(part)?.data.some((value) => value !== 0)).toBe(true);
  });
});

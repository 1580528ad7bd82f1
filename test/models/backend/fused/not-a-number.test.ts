import { beforeAll, describe, expect, it } from 'vitest';
import { loadBackend, type Tensor, type Tf } from '../../../../models/backend/index.ts';
import { loadNative } from './draw.ts';
import { attention, convolved, fed, gated, input, leavesOf, norm, type Operation, valueAndGradients } from './operations.ts';

const { tf, isFused } = await loadNative();
const SMALL: readonly Operation[] = [
  norm([2, 3, 5], [5]),
  norm([2, 3, 5], [2, 1, 5]),
  gated(2, 3, 5),
  fed([1, 3, 4], 5),
  convolved(2, 5, 3, 3, false),
  convolved(2, 5, 3, 3, true),
  attention({ batch: 1, time: 5, heads: 2, headWidth: 4 }),
  attention({ batch: 1, time: 5, heads: 2, headWidth: 4, sharp: 0.01 }),
  attention({ batch: 2, time: 5, heads: 2, headWidth: 4, masked: true }),
  attention({ batch: 1, time: 5, keys: 3, heads: 2, headWidth: 4, sharp: 100 }),
];
const BAD = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

/** The second number of an input in place of its own. */
function spoiled(tf: Tf, leaves: ReadonlyMap<string, Tensor>, name: string, bad: number): Map<string, Tensor> {
  const leaf = leaves.get(name) as Tensor;
  const values = leaf.dataSync().map((value, i) => (i === 1 ? bad : value));
  return new Map([...leaves, [name, tf.tensor(values, leaf.shape)]]);
}

/** Names of what is not finite throughout, for each input and bad number. */
function reached(tf: Tf, operation: Operation): Map<string, string[]> {
  const leaves = leavesOf(tf, operation);
  const cases = Object.keys(operation.shapes).flatMap((name) => BAD.map((bad) => [name, bad] as const));
  return new Map(
    cases.map(([name, bad]) => {
      const results = valueAndGradients(tf, operation, spoiled(tf, leaves, name, bad));
      const broken = [...results].filter(([, tensor]) => !tensor.dataSync().every(Number.isFinite));
      return [`${bad} in ${name}`, broken.map(([part]) => part)];
    }),
  );
}

describe.skipIf(!isFused)('a number that is not finite goes wherever plain operations let it go:', () => {
  const plain = new Map<Operation, Map<string, string[]>>();
  beforeAll(async () => {
    const { tf } = await loadBackend('cpu');
    for (const operation of SMALL) plain.set(operation, reached(tf, operation));
    await loadNative();
  });

  const lost = (operation: Operation, found: ReadonlyMap<string, string[]>): string[] =>
    [...(plain.get(operation) ?? [])].flatMap(([where, parts]) =>
      parts.filter((part) => !found.get(where)?.includes(part)).map((part) => `${where}, not in ${part}`),
    );

  it.each(SMALL)('$name', (operation) => {
    const found = reached(tf, operation);
    expect(lost(operation, found)).toEqual([]);
    for (const name of Object.keys(operation.shapes)) expect(found.get(`NaN in ${name}`), name).toContain('value');
  });

  it('one that is swallowed on its way in shows', () => {
    const operation = gated(2, 3, 5);
    const swallow = tf.customGrad((y) => ({ value: tf.where(tf.isFinite(y as Tensor), y as Tensor, 0), gradFunc: (dy) => tf.clone(dy) }));
    const prepare: Operation['prepare'] = (tf) => (i) => operation.prepare(tf)(new Map([...i, ['y', swallow(input(i, 'y'))]]));
    expect(lost(SMALL[2] as Operation, reached(tf, { ...operation, prepare }))).toContain('NaN in y, not in value');
  });
});

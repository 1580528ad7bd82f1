import { beforeAll, describe, expect, it } from 'vitest';
import { compile, loadBackend, type Tensor, type Tf } from '../../../models/backend/index.ts';
import { firstStates, padTokens } from '../../../models/encoders/compiled.ts';
import { loadT5Encoder } from '../../../models/encoders/t5/t5.ts';
import { normalise } from '../../../models/encoders/transformer.ts';
import { normal } from '../../../numeric/random.ts';
import { fixtureOf } from './folders.ts';

let tf: Tf;
beforeAll(async () => {
  ({ tf } = await loadBackend());
});

function distance(found: Tensor, wanted: Tensor): number {
  expect(found.shape).toEqual(wanted.shape);
  return tf.tidy(() => tf.max(tf.abs(tf.sub(found, wanted))).dataSync()[0] ?? Number.NaN);
}

describe('a layer norm in a graph', () => {
  const [BATCH, LENGTH, WIDTH] = [2, 5, 64];
  const states = normal({ seed: 1, purpose: 'states' }, BATCH * LENGTH * WIDTH);
  const given = () => [tf.tensor3d(states, [BATCH, LENGTH, WIDTH]), tf.fill([WIDTH], 1.5), tf.fill([WIDTH], 0.25)];
  /** Of the first states alone: of a result of the graph itself, with two axes. */
  const normOfFirst = (epsilon: number, [states, weight, bias]: readonly Tensor[]): Tensor => {
    const first = tf.reshape(tf.slice(states as Tensor, [0, 0, 0], [BATCH, 1, WIDTH]), [BATCH, WIDTH]);
    return normalise(tf, epsilon, (name) => (name.endsWith('weight') ? weight : bias) as Tensor, 'norm', first);
  };
  it.each([1e-5, 0.1])('keeps its own epsilon, %d', (epsilon) => {
    const { call, dispose } = compile(tf, (inputs) => [normOfFirst(epsilon, inputs)]);
    const [found] = call(given());
    expect(distance(found as Tensor, normOfFirst(epsilon, given()))).toBeLessThan(1e-6);
    expect(distance(found as Tensor, normOfFirst(epsilon + 1e-3, given()))).toBeGreaterThan(1e-4);
    dispose();
  });
});

describe('a text', () => {
  it('is filled up to a multiple of eight tokens, or as far as there are places', () => {
    const { ids, present } = padTokens(tf, { ids: [[5, 6, 7]] }, 1);
    expect(ids).toEqual([[5, 6, 7, 1, 1, 1, 1, 1]]);
    expect([...(present?.dataSync() ?? [])]).toEqual([1, 1, 1, 0, 0, 0, 0, 0]);
    expect(padTokens(tf, { ids: [[5, 6, 7]] }, 1, 4).ids).toEqual([[5, 6, 7, 1]]);
    const whole = { ids: [[1, 2, 3, 4, 5, 6, 7, 8]] };
    expect(padTokens(tf, whole, 1)).toEqual({ ...whole, present: undefined });
    expect(padTokens(tf, { ids: [[1, 2, 3]] }, 1, 2).ids).toEqual([[1, 2, 3]]);
    const states = tf.zeros([1, 8, 2]);
    expect(firstStates(tf, states, 8)).toBe(states);
    expect(firstStates(tf, states, 3).shape).toEqual([1, 3, 2]);
  });
  it.each([1, 3, 8, 9])('of %d tokens has the states that it has without padding', async (length) => {
    const model = await loadT5Encoder(tf, fixtureOf.t5);
    const ids = [Array.from({ length }, (_, at) => 3 + 5 * at)];
    const alone = model.encode(ids, undefined, () => {});
    expect(distance(model.encode(ids), alone)).toBeLessThan(2e-6);
    const other = [ids[0]?.with(0, 4) ?? []];
    expect(distance(model.encode(other), alone)).toBeGreaterThan(1e-3);
    model.dispose();
  });
});

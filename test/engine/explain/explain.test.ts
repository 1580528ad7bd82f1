import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ActionRecord, recordAction, thisMachine } from '../../../engine/actions/actions.ts';
import { differences } from '../../../engine/explain/differences.ts';
import { type ExplainedNode, explainNode } from '../../../engine/explain/explain.ts';
import { describeExplanation } from '../../../engine/explain/words.ts';
import type { Fingerprint } from '../../../engine/fingerprint/fingerprint.ts';
import { nodeKey } from '../../../engine/keys/keys.ts';
import { objectPath } from '../../../engine/store/layout.ts';
import { openStore, type Store } from '../../../engine/store/store.ts';
import { temporaryFolder } from '../support/folders.ts';

const fingerprint = (digest: string, modules: Record<string, string>): Fingerprint => ({ digest, modules });
const base = {
  node: 'text-to-audio',
  task: 'train',
  params: { steps: 100, network: { width: 192, heads: [1, 2] } },
  inputs: { latents: 'd1', text: 'd2' },
  code: fingerprint('c1', { 'train.ts': 'h1', 'loss.ts': 'h2', 'npm:tfjs': '4.21.0' }),
  upstream: { latents: { node: 'encode', output: 'latents' } },
};
const described = (change: Partial<typeof base> & Partial<ExplainedNode>): ExplainedNode => {
  const node = { ...base, ...change };
  return { ...node, key: nodeKey({ ...node, code: node.code.digest }) };
};
async function ran(store: Store, node: ExplainedNode, startedAt = '2026-01-01T00:00:00.000Z'): Promise<ActionRecord> {
  const { key, task, params, inputs, item, code } = node;
  const record = {
    format: 1,
    key,
    task,
    node: node.node,
    params,
    inputs,
    code,
    outputs: { model: await store.putJson(key) },
    machine: thisMachine(),
    startedAt,
    seconds: 1,
    attempts: 1,
    token: 0,
  } as const;
  const whole = item === undefined ? record : { ...record, item };
  await recordAction(store, whole);
  return whole;
}
const sentence = async (store: Store, change: Parameters<typeof described>[0]) =>
  describeExplanation(await explainNode(store, described(change)));

describe('a node', () => {
  test('that has not run says so', async () => {
    expect(await sentence(await openStore(temporaryFolder()), {})).toBe('text-to-audio: runs because it has not run before');
  });

  test.each<[string, Parameters<typeof described>[0], string]>([
    ['nothing changed', {}, 'reused'],
    ['it is forced', { isForced: true }, 'runs because it was asked to'],
    [
      'settings changed',
      { params: { steps: 200, network: { width: 192, heads: [1, 3] } } },
      'runs because setting network.heads[1] changed: 2 → 3; setting steps changed: 100 → 200',
    ],
    ['an input changed', { inputs: { latents: 'd9', text: 'd2' } }, 'runs because input latents changed (encode.latents)'],
    [
      'files changed, came and went',
      { code: { digest: 'c2', modules: { 'train.ts': 'h9', 'adam.ts': 'h3', 'npm:tfjs': '4.22.0' } } },
      'runs because adam.ts was added; loss.ts was removed; package tfjs changed: 4.21.0 → 4.22.0; train.ts changed',
    ],
    [
      'everything changed',
      { params: { ...base.params, steps: 1 }, inputs: { latents: 'd1', text: 'd3' }, code: { ...base.code, digest: 'c3' } },
      'runs because (bundle) changed; setting steps changed: 100 → 1; input text changed',
    ],
    ['another node has run', { node: 'other' }, 'runs because it has not run before'],
    ['its element has not run', { item: { id: 'b' } }, 'runs because it has not run before'],
  ])('says what differs when %s', async (_, change, words) => {
    const store = await openStore(temporaryFolder());
    // The key of a node does not hold its name, so the other node must do other work.
    await ran(store, described(change.node === 'other' || change.item !== undefined ? { params: { ...base.params, steps: 7 } } : {}));
    expect(await sentence(store, change)).toBe(`${change.node ?? base.node}: ${words}`);
  });

  test('whose result is gone says that', async () => {
    const store = await openStore(temporaryFolder());
    const record = await ran(store, described({}));
    rmSync(objectPath(store.root, record.outputs['model']?.digest ?? ''));
    expect(await sentence(store, {})).toBe('text-to-audio: runs because its result is no longer in the store');
  });

  test('is compared with its newest earlier action, whichever was recorded last', async () => {
    const store = await openStore(temporaryFolder());
    await ran(store, described({ params: { ...base.params, steps: 300 } }), '2026-03-01T00:00:00.000Z');
    await ran(store, described({ params: { ...base.params, steps: 200 } }), '2026-02-01T00:00:00.000Z');
    expect(await sentence(store, {})).toContain('300 → 100');
  });

  test('in a map is compared with its own element', async () => {
    const store = await openStore(temporaryFolder());
    for (const id of ['a', 'b']) await ran(store, described({ item: { id, size: id === 'a' ? 1 : 2 } }));
    expect(await sentence(store, { item: { id: 'a', size: 5 } })).toBe('text-to-audio: runs because its element changed at size: 1 → 5');
  });
});

describe('the differences of two values', () => {
  test('are told by own keys alone, whatever an object inherits', () => {
    expect(differences({ toString: 1 }, {})).toEqual([{ path: 'toString', from: 1 }]);
    expect(differences({}, JSON.parse('{"__proto__": 1}'))).toEqual([{ path: '__proto__', to: 1 }]);
  });

  test('are none exactly when the values are equal', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        expect(differences(one, structuredClone(one))).toEqual([]);
        expect(differences(one, other).length === 0).toBe(differences(other, one).length === 0);
      }),
    );
  });
});

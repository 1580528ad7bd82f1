import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ActionRecord, recordAction, thisMachine } from '../../../engine/actions/actions.ts';
import type { Artifact } from '../../../engine/define/ports.ts';
import { sha256 } from '../../../engine/keys/keys.ts';
import { type ActionsByContent, holderOf, readActionsByContent } from '../../../engine/lineage/actions-by-content.ts';
import { traceBack, traceForward } from '../../../engine/lineage/trace.ts';
import { openStore, type Store } from '../../../engine/store/store.ts';

const home = mkdtempSync(join(tmpdir(), 'lineage-'));
let store: Store;
let actions: ActionsByContent;
let minute = 0;

async function act(node: string, inputs: Readonly<Record<string, Artifact>>, outputs: Readonly<Record<string, Artifact>>): Promise<void> {
  const record: ActionRecord = {
    format: 1,
    key: sha256(node),
    task: `${node}Task`,
    node,
    pipeline: 'piano',
    params: { of: node },
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, { digest }]) => [name, digest])),
    outputs,
    code: { digest: sha256(`code of ${node}`), modules: { [`${node}.ts`]: '1' } },
    machine: thisMachine(),
    startedAt: new Date(Date.UTC(2026, 0, 1, 0, minute++)).toISOString(),
    seconds: 1,
    attempts: 1,
    token: 0,
  };
  await recordAction(store, record);
}
const tree = async (name: string, text: string): Promise<Artifact> => {
  mkdirSync(join(home, name));
  writeFileSync(join(home, name, 'content'), text);
  return store.putTree(join(home, name));
};
const recordOf = (node: string): ActionRecord => {
  const found = actions.byKey.get(sha256(node));
  if (found === undefined) throw new Error(node);
  return found;
};

beforeAll(async () => {
  store = await openStore(home);
  const [clips, sound, model, empty] = [
    await tree('clips', 'a clip'),
    await tree('sound', 'a sound'),
    await tree('model', 'weights'),
    await store.putJson([]),
  ];
  const version = await store.putJson('ffmpeg 7');
  await act('tools', {}, { version });
  await act('clips', { version }, { clips, refused: empty });
  await act('media', { clips }, { sound, refused: empty });
  await act('unrelated', {}, { refused: empty });
  await act('train', { sound, first: empty, second: empty }, { model });
  await act('judge', { model, sound }, { measures: await store.putJson([{ name: 'distance', value: 1 }]) });
  actions = readActionsByContent(store);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('the way back', () => {
  test('leads over every input to where data begin, with settings and code, and tells each step once', () => {
    const steps = traceBack(actions, recordOf('judge'), () => undefined);
    expect(steps.map(({ node }) => node).filter((node) => node !== 'unrelated')).toEqual(['judge', 'train', 'media', 'clips', 'tools']);
    expect(steps.find(({ node }) => node === 'train')).toMatchObject({ params: { of: 'train' }, code: { modules: { 'train.ts': '1' } } });
    expect(steps.find(({ node }) => node === 'clips')).toMatchObject({ objects: 3 });
  });

  test('says that data begin where files do, not at the version of a tool that made them', () => {
    const steps = traceBack(actions, recordOf('judge'), () => undefined);
    expect(steps.filter(({ objects }) => objects !== undefined).map(({ node }) => node)).toEqual(['clips']);
  });

  test('takes the node that the plan names, where the same content was made several times', () => {
    const planned = traceBack(actions, recordOf('train'), (_, input) => ({ first: 'media', second: 'clips' })[input]);
    const from = Object.fromEntries((planned[0]?.edges ?? []).map(({ input, key, others }) => [input, [key, others]]));
    expect(from).toEqual({ sound: [sha256('media'), undefined], first: [sha256('media'), 2], second: [sha256('clips'), 2] });
    expect(planned.map(({ node }) => node)).not.toContain('unrelated');
  });

  test('says where nobody recorded who made it', () => {
    const alone = { ...actions, makers: new Map() };
    expect(traceBack(alone, recordOf('media'), () => undefined)[0]?.edges).toMatchObject([{ input: 'clips' }]);
    expect(traceBack(alone, recordOf('media'), () => undefined)[0]?.edges[0]).not.toHaveProperty('key');
  });
});

test('the way forward leads to everything that was made from it, and not over an empty list', () => {
  expect(traceForward(actions, recordOf('media')).map(({ node }) => node)).toEqual(['media', 'judge', 'train']);
  expect(traceForward(actions, recordOf('unrelated')).map(({ node }) => node)).toEqual(['unrelated']);
});

test('a file is found inside the output that holds it', () => {
  expect(holderOf(actions, sha256('weights'))).toMatchObject({ output: 'model', record: { node: 'train' } });
  expect(holderOf(actions, sha256('other weights'))).toBeUndefined();
});

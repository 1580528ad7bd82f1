import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cancelRun, sendUpdate } from '../../activities/client/control-run.ts';
import type { Approval, NodeName, UpdateName } from '../../activities/messages.ts';
import { endedTrainings } from '../../engine/collect/ended-trainings.ts';
import { Instance, nodeOf, outcome } from './fixtures/instance.ts';
import { hasServer } from './fixtures/server.ts';

const instance = new Instance();
const missingFile = (): string => join(mkdtempSync(join(tmpdir(), 'sostenuto-file-')), 'wanted');
const update = (id: string, name: UpdateName, argument?: Approval | NodeName) => sendUpdate(instance.runs.client, id, name, argument);
const statusOf = async (id: string, node: string) => (await instance.describe(id)).nodes.find((one) => one.id === node)?.status;

describe.runIf(hasServer)('what an operator can do', () => {
  beforeAll(async () => {
    await instance.start();
    await instance.startWorker();
  });
  afterAll(() => instance.stop());

  test('with `wait`, a repaired node is tried again and the run ends well', async () => {
    const file = missingFile();
    const id = await instance.begin({ pipeline: 'diamond', settings: { file }, onFailure: 'wait' });
    await instance.until('left failed', async () => (await statusOf(id, 'left')) === 'failed');
    expect((await instance.describe(id)).status).toBe('running');
    writeFileSync(file, '');
    expect(await update(id, 'retryNode', { node: 'left' })).toContain('left');
    expect(outcome(await instance.wait(id))).toMatchObject({ left: 'miss', bottom: 'miss' });
  });

  test('with `wait`, a node that is given up takes with it what reads from it', async () => {
    const id = await instance.begin({ pipeline: 'diamond', settings: { file: missingFile() }, onFailure: 'wait' });
    await instance.until('left failed', async () => (await statusOf(id, 'left')) === 'failed');
    await update(id, 'skipNode', { node: 'left', note: 'not needed' });
    const run = await instance.wait(id);
    expect(run.status).toBe('done');
    expect(run.nodes.map((node) => [node.id, node.status])).toEqual([
      ['top', 'done'],
      ['left', 'skipped'],
      ['right', 'done'],
      ['bottom', 'skipped'],
      ['beside', 'done'],
    ]);
  });

  test('a gate waits for an approval, which is remembered for the same content', async () => {
    const id = await instance.begin({ pipeline: 'gated', settings: { tag: 'a' } });
    await instance.until('the gate waits', async () => (await statusOf(id, 'release')) === 'waiting');
    await update(id, 'approve', { node: 'release', by: 'Ada', note: 'sounds good' });
    const run = await instance.wait(id);
    expect(run.status).toBe('done');
    const { digest = '', bytes = 0 } = nodeOf(run, 'release').outputs['decision'] ?? {};
    expect(await instance.runs.store.readJson({ form: 'json', digest, bytes })).toEqual({ approved: true, by: 'Ada', note: 'sounds good' });
    expect(outcome(await instance.run({ pipeline: 'gated', settings: { tag: 'a' } }))).toEqual({ before: 'hit', release: 'hit' });
  });

  describe('a gate that wants an answer', () => {
    // With other params it is another question.
    const asked = async (atLeast: number, onFailure: 'fail' | 'wait' = 'fail'): Promise<string> => {
      const id = await instance.begin({ pipeline: 'answered', settings: { atLeast }, onFailure });
      await instance.until('the gate waits', async () => (await statusOf(id, 'ask')) === 'waiting');
      return id;
    };

    test('hands it on by reference, and remembers it for the same question and params', async () => {
      const id = await asked(1);
      const answer = await instance.runs.store.putJson({ count: 41 });
      await update(id, 'approve', { node: 'ask', by: 'Ada', answer });
      const run = await instance.wait(id);
      expect(nodeOf(run, 'ask').outputs['answer']).toEqual({ digest: answer.digest, bytes: answer.bytes });
      const { digest = '', bytes = 0 } = nodeOf(run, 'after').outputs['value'] ?? {};
      expect(await instance.runs.store.readJson({ form: 'json', digest, bytes })).toEqual({ count: 42 });
      const again = await instance.run({ pipeline: 'answered', settings: { atLeast: 1 } });
      expect(outcome(again)).toEqual({ before: 'hit', ask: 'hit', after: 'hit' });
    });

    test('refuses an approval without one, and any other gate one with it', async () => {
      const id = await asked(2);
      await expect(update(id, 'approve', { node: 'ask' })).rejects.toThrow(/must bring its answer.*"form": "json".*sostenuto label/);
      const answer = { form: 'file', digest: 'a'.repeat(64), bytes: 1 } as const;
      await expect(update(id, 'approve', { node: 'ask', answer })).rejects.toThrow(/must bring its answer/);
      const gated = await instance.begin({ pipeline: 'gated', from: 'release' });
      await instance.until('the gate waits', async () => (await statusOf(gated, 'release')) === 'waiting');
      await expect(update(gated, 'approve', { node: 'release', answer })).rejects.toThrow(/"release" takes no answer/);
    });

    test('is skipped by a refusal, with what reads the answer', async () => {
      const id = await asked(3);
      await update(id, 'approve', { node: 'ask', approved: false, by: 'Ada', note: 'nobody counted' });
      const run = await instance.wait(id);
      expect(outcome(run)).toEqual({ before: 'hit', ask: 'skipped', after: 'skipped' });
      expect(nodeOf(run, 'ask').error).toBe('refused by Ada: nobody counted');
    });

    test('fails when the answer is not in the store, and can be asked again', async () => {
      const id = await asked(4, 'wait');
      await update(id, 'approve', { node: 'ask', answer: { form: 'json', digest: 'b'.repeat(64), bytes: 1 } });
      await instance.until('it has failed', async () => (await statusOf(id, 'ask')) === 'failed');
      await update(id, 'retryNode', { node: 'ask' });
      await instance.until('it asks again', async () => (await statusOf(id, 'ask')) === 'waiting');
      await update(id, 'approve', { node: 'ask', answer: await instance.runs.store.putJson({ count: 1 }) });
      expect((await instance.wait(id)).status).toBe('done');
    });
  });

  test('what cannot be done is refused in words', async () => {
    const id = await instance.begin({ pipeline: 'gated', settings: { tag: 'b' } });
    // Another content would be another question; the same one is already approved or not asked yet.
    const again = await instance.begin({ pipeline: 'diamond', settings: { file: missingFile() }, onFailure: 'wait' });
    await instance.until('left failed', async () => (await statusOf(again, 'left')) === 'failed');
    await expect(update(again, 'approve', { node: 'left' })).rejects.toThrow(/"left" is no gate/);
    await expect(update(again, 'retryNode', { node: 'lefft' })).rejects.toThrow(/no node "lefft".*top, left, right/);
    await expect(update(again, 'retryNode', { node: 'top' })).rejects.toThrow(/"top" is done; only a node that is failed or skipped/);
    await expect(update(again, 'unpause')).rejects.toThrow(/not paused/);
    await cancelRun(instance.runs.client, again);
    expect((await instance.wait(again)).status).toBe('canceled');
    await cancelRun(instance.runs.client, id).catch(() => undefined);
  });

  test('a pause stops a training at a checkpoint, and it goes on from there', async () => {
    const before = instance.executions().length;
    const id = await instance.begin({ pipeline: 'training', settings: { seed: 11, steps: 60, ms: 30, every: 1000 } });
    await instance.until('the training is under way', () => instance.executions(before).includes('train step 10'));
    await update(id, 'pause');
    await instance.until('it has stopped', async () => (await statusOf(id, 'train')) !== 'running');
    expect((await instance.describe(id)).paused).toBe(true);
    // Whoever follows the ledger learns it before the run has ended.
    const told = async () =>
      (await instance.runs.ledger.query(`SELECT status FROM nodes WHERE starts_with(run, $1 || '/')`, [id]))[0]?.['status'];
    await instance.until('the ledger tells it', async () => (await told()) === 'canceled');
    const stoppedAt = instance.executions(before).length;
    await update(id, 'unpause');
    const run = await instance.wait(id);
    expect(run.status).toBe('done');
    const steps = instance.executions(before).filter((line) => line.startsWith('train step'));
    // No step was lost or made twice.
    expect(steps).toEqual(Array.from({ length: 60 }, (_, i) => `train step ${i + 1}`));
    expect(instance.executions(before)[stoppedAt]).toMatch(/^train from [1-9]/);
  });

  test('a canceled run saves a checkpoint, keeps its record, and the next one goes on', async () => {
    const before = instance.executions().length;
    const settings = { seed: 12, steps: 60, ms: 30, every: 1000 };
    const id = await instance.begin({ pipeline: 'training', settings });
    await instance.until('the training is under way', () => instance.executions(before).includes('train step 10'));
    await cancelRun(instance.runs.client, id);
    const canceled = await instance.wait(id);
    expect(canceled).toMatchObject({ status: 'canceled', nodes: [{ id: 'train', status: 'canceled' }] });
    const { store } = instance.runs;
    const collectable = async () => (await endedTrainings(store)).map(({ steps }) => Math.max(...steps));
    const ended = await collectable();
    expect((await instance.run({ pipeline: 'training', settings })).status).toBe('done');
    // Its checkpoints were nobody's to collect while it had no result.
    expect(await collectable()).toHaveLength(ended.length + 1);
    const steps = instance.executions(before).filter((line) => line.startsWith('train step'));
    expect(steps).toEqual(Array.from({ length: 60 }, (_, i) => `train step ${i + 1}`));
  });

  test('more steps of the same training go on from its last checkpoint', async () => {
    const before = instance.executions().length;
    await instance.run({ pipeline: 'training', settings: { seed: 13, steps: 20, ms: 1, every: 10 } });
    await instance.run({ pipeline: 'training', settings: { seed: 13, steps: 30, ms: 1, every: 10 } });
    expect(instance.executions(before).filter((line) => line.startsWith('train from'))).toEqual(['train from 0', 'train from 20']);
  });

  test('a checkpoint of another training can be adopted, and the record says so', async () => {
    await instance.run({ pipeline: 'training', settings: { seed: 14, steps: 20, ms: 1, every: 10 } });
    const { listCheckpoints } = await import('../../engine/checkpoints/checkpoints.ts');
    const checkpoint = (await listCheckpoints(instance.runs.store)).toSorted((a, b) => (a.savedAt < b.savedAt ? 1 : -1))[0];
    const before = instance.executions().length;
    const run = await instance.run({
      pipeline: 'training',
      settings: { seed: 15, steps: 25, ms: 1, every: 10 },
      adopt: `${checkpoint?.trajectory}/${checkpoint?.step}`,
    });
    expect(instance.executions(before)[0]).toBe(`train from ${checkpoint?.step}`);
    const { findAction } = await import('../../engine/actions/actions.ts');
    expect((await findAction(instance.runs.store, nodeOf(run, 'train').key))?.adoptedFrom).toBe(
      `${checkpoint?.trajectory}/${checkpoint?.step}`,
    );
  });

  test('heartbeats tell the steps, and the ledger has the curve', async () => {
    const id = await instance.begin({ pipeline: 'training', settings: { seed: 16, steps: 80, ms: 40, every: 10 } });
    await instance.until('progress is seen', async () => Number((await instance.describe(id)).nodes[0]?.progress?.['step']) > 5);
    expect((await instance.describe(id)).nodes[0]?.progress).toMatchObject({ node: 'train', of: 80 });
    const run = await instance.wait(id);
    const rows = await instance.runs.ledger.query("SELECT count(*) AS n FROM metrics WHERE run = $1 AND name = 'loss'", [
      `${run.workflowId}/${run.runId}`,
    ]);
    expect(Number(rows[0]?.['n'])).toBe(80);
  });
});

/**
 * Records the histories that `replay.test.ts` replays: `npx tsx test/workflows/record-histories.ts [name]…`, by default all. Recorded histories stand for runs that are under way
 * when a new version is deployed: record new ones beside the old when a change breaks them on purpose.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { cancelRun, sendUpdate } from '../../activities/client/control-run.ts';
import { Instance } from '../end-to-end/fixtures/instance.ts';

const folder = join(import.meta.dirname, 'histories');
const instance = new Instance();
const wanted = process.argv.slice(2);

async function record(name: string, workflowId: string): Promise<void> {
  if (wanted.length > 0 && !wanted.includes(name)) return;
  const history = await instance.runs.client.workflow.getHandle(workflowId).fetchHistory();
  const json: unknown = JSON.parse(historyToJSON(history));
  // Stack traces and machine names are of no use to a replay.
  const text = JSON.stringify(json, (key, value: unknown) => (key === 'stackTrace' || key === 'identity' ? undefined : value));
  writeFileSync(join(folder, `${name}.json.gz`), gzipSync(text, { level: 9 }));
  console.log(name, history.events?.length, 'events', text.length, 'bytes');
}

mkdirSync(folder, { recursive: true });
await instance.start();
try {
  await instance.startWorker();
  const done = async (request: Parameters<Instance['begin']>[0]) => {
    const id = await instance.begin(request);
    await instance.wait(id);
    return id;
  };
  await record('chain', await done({ pipeline: 'chain', settings: { nodes: 4 } }));
  await record('chain-again', await done({ pipeline: 'chain', settings: { nodes: 4 } }));
  await record('chain-light', await done({ pipeline: 'chain', settings: { nodes: 4, kind: 'light' } }));
  await record('failing-branch', await done({ pipeline: 'diamond', settings: { file: '/nowhere' } }));
  await record('map', await done({ pipeline: 'clips', settings: { count: 6, bad: 1, maxFailures: 1 } }));
  const big = await done({ pipeline: 'clips', settings: { count: 220 } });
  await record('big-map', big);
  await record('big-map-child', `${big}/measure`);
  await record('bad-input', await done({ pipeline: 'nothing' }));

  const gated = await instance.begin({ pipeline: 'gated' });
  await instance.until('the gate waits', async () => (await instance.describe(gated)).nodes[1]?.status === 'waiting');
  await sendUpdate(instance.runs.client, gated, 'approve', { node: 'release', by: 'Ada' });
  await instance.wait(gated);
  await record('gate', gated);

  const answered = await instance.begin({ pipeline: 'answered' });
  await instance.until('the gate waits', async () => (await instance.describe(answered)).nodes[1]?.status === 'waiting');
  const answer = await instance.runs.store.putJson({ count: 1 });
  await sendUpdate(instance.runs.client, answered, 'approve', { node: 'ask', by: 'Ada', answer });
  await instance.wait(answered);
  await record('gate-with-answer', answered);

  const training = { pipeline: 'training', settings: { seed: 1, steps: 60, ms: 30, every: 1000 } };
  const paused = await instance.begin(training);
  await instance.until('it trains', () => instance.executions().includes('train step 5'));
  await sendUpdate(instance.runs.client, paused, 'pause');
  await instance.until('it has stopped', async () => (await instance.describe(paused)).nodes[0]?.status !== 'running');
  await sendUpdate(instance.runs.client, paused, 'unpause');
  await instance.until('it trains again', async () => (await instance.describe(paused)).nodes[0]?.status === 'running');
  await cancelRun(instance.runs.client, paused);
  await instance.wait(paused);
  await record('paused-and-canceled', paused);
} finally {
  await instance.stop();
}
process.exit(0);

/** What running a node costs. `npm run bench:orchestration [-- --json]`: the workloads of `docs/`, beside the same on plain Temporal in the same run. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { waitForRun } from '../activities/client/describe-run.ts';
import { startRun } from '../activities/client/start-run.ts';
import type { RunReport } from '../activities/messages.ts';
import { pipelineRegistry } from '../activities/plan/registry.ts';
import { startWorkers } from '../activities/worker/start-workers.ts';
import { waitForEnding } from '../cli/server/start-server.ts';
import { openLedger } from '../engine/ledger/ledger.ts';
import { openStore } from '../engine/store/store.ts';
import { freePort, startServer } from '../test/end-to-end/fixtures/server.ts';
import { machine } from './compare/compare.ts';
import { median } from './measure/alternate.ts';
import { commandLine } from './orchestration/command.ts';
import * as pipelines from './orchestration/pipelines.ts';

interface Times {
  readonly seconds: number;
  readonly min: number;
  readonly max: number;
  readonly repetitions: number;
}
interface Measured extends Times {
  readonly what: string;
  readonly msPerNode?: number;
  readonly events?: number;
  readonly target?: string;
  readonly [detail: string]: unknown;
}
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const round = (value: number, digits = 3): number => Number(value.toFixed(digits));

const asJson = process.argv.includes('--json');
const home = mkdtempSync(join(tmpdir(), 'sostenuto-bench-'));
const results: Measured[] = [];
function report(measured: Measured): void {
  results.push(measured);
  if (asJson) return;
  const { what, seconds, min, max, msPerNode, events, target, repetitions, ...rest } = measured;
  const details = [
    msPerNode === undefined ? '' : `${msPerNode} ms a node`,
    events === undefined ? '' : `${events} events`,
    ...Object.entries(rest).map(([name, value]) => `${name} ${String(value)}`),
    target === undefined ? '' : `target ${target}`,
  ];
  process.stdout.write(
    `${what.padEnd(44)} ${seconds.toFixed(3)} s [${min.toFixed(3)}-${max.toFixed(3)}, ${repetitions}]  ${details.filter(Boolean).join(', ')}\n`,
  );
}

const server = await startServer({ port: await freePort(), database: join(home, 'temporal.db') });
try {
  await measureAll();
} finally {
  await server.stop('SIGKILL');
  rmSync(home, { recursive: true, force: true });
}
if (asJson) process.stdout.write(`${JSON.stringify({ machine: machine(), results }, null, 1)}\n`);
process.exit(0);

async function measureAll(): Promise<void> {
  const { address } = server;
  const client = new Client({ connection: await Connection.connect({ address }) });
  const runs = { client, store: await openStore(home), ledger: openLedger(home) };
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const native = await NativeConnection.connect({ address });
  const plain = await Worker.create({
    connection: native,
    taskQueue: 'plain',
    workflowBundle: await bundleWorkflowCode({
      workflowsPath: here('./orchestration/plain/workflows.ts'),
      logger: new DefaultLogger('ERROR'),
    }),
    activities: { step: async (value: number) => value + 1 },
  });
  const plainDone = plain.run();
  const workers = await startWorkers({
    address,
    home,
    taskQueue: 'ours',
    projectRoot: here('..'),
    queues: ['light'],
    pipelines: async () => pipelineRegistry([pipelines.chain, pipelines.fanout]),
  });

  const ours = async (pipeline: string, settings: Record<string, unknown>): Promise<RunReport> => {
    const { workflowId } = await startRun(client, { taskQueue: 'ours', request: { pipeline, settings } });
    const run = await waitForRun(runs, workflowId);
    if (run.status !== 'done') throw new Error(`${workflowId}: ${run.error}`);
    return run;
  };
  const theirs = async (workflow: string, size: number, id: string): Promise<string> => {
    await client.workflow.execute(workflow, { taskQueue: 'plain', workflowId: id, args: [size] });
    return id;
  };
  const eventsOf = async (id: string): Promise<number> => (await client.workflow.getHandle(id).describe()).historyLength;
  const perNode = ({ seconds }: Times, nodes: number): number => round((seconds * 1000) / nodes, 2);

  const plainChain = await timed(7, (i) => theirs('plainChain', 20, `plain-chain-${i}`));
  report({
    what: 'chain of 20, plain Temporal, same server',
    ...plainChain.times,
    msPerNode: perNode(plainChain.times, 20),
    events: await eventsOf(plainChain.last),
  });
  const chain = await timed(7, (i) => ours('bench-chain', { salt: `c${i}` }));
  report({
    what: 'chain of 20, recorded',
    ...chain.times,
    msPerNode: perNode(chain.times, 20),
    events: await eventsOf(chain.last.workflowId),
    ratio: round(chain.times.seconds / plainChain.times.seconds, 2),
    target: '20 ms a node',
  });
  const light = await timed(7, (i) => ours('bench-chain', { salt: `l${i}`, light: true }));
  report({
    what: 'chain of 20, light',
    ...light.times,
    msPerNode: perNode(light.times, 20),
    events: await eventsOf(light.last.workflowId),
    target: '5 ms a node',
  });
  const again = await timed(7, () => ours('bench-chain', { salt: 'c0' }));
  report({ what: 'chain of 20 again, worker up', ...again.times, executed: executed(again.last), target: '0.3 s, 0 nodes' });

  const plainFan = await timed(2, (i) => theirs('plainFanout', 1000, `plain-fan-${i}`));
  report({
    what: 'fan-out of 1,000, plain Temporal',
    ...plainFan.times,
    msPerNode: perNode(plainFan.times, 1000),
    events: await eventsOf(plainFan.last),
  });
  const fan = await timed(3, (i) => ours('bench-fanout', { salt: `f${i}`, size: 1000 }));
  const { workflowId } = fan.last;
  report({
    what: 'fan-out of 1,000, recorded',
    ...fan.times,
    msPerNode: perNode(fan.times, 1000),
    events: (await eventsOf(workflowId)) + (await eventsOf(`${workflowId}/parts`)),
    records: await records(fan.last),
    ratio: round(fan.times.seconds / plainFan.times.seconds, 2),
    target: '6 s, < 4,096 events, 1,003 records',
  });
  const fanLight = await timed(3, (i) => ours('bench-fanout', { salt: `g${i}`, size: 1000, light: true }));
  report({
    what: 'fan-out of 1,000, light',
    ...fanLight.times,
    msPerNode: perNode(fanLight.times, 1000),
    events: await eventsOf(fanLight.last.workflowId),
    records: await records(fanLight.last),
    target: '1.5 s',
  });
  const fanAgain = await timed(3, () => ours('bench-fanout', { salt: 'f0', size: 1000 }));
  report({ what: 'fan-out of 1,000 again, worker up', ...fanAgain.times, executed: executed(fanAgain.last) });

  await workers.stop();
  plain.shutdown();
  await plainDone;
  await measureCommands();

  async function records(run: RunReport): Promise<number> {
    const rows = await runs.ledger.query('SELECT count(*) AS n FROM nodes WHERE run = $1', [`${run.workflowId}/${run.runId}`]);
    return Number(rows[0]?.['n']);
  }
}

/** Repeats something; the times, and what the last one gave. @param before done before each one, uncounted */
async function timed<T>(
  repetitions: number,
  once: (i: number) => Promise<T>,
  before: () => Promise<void> = async () => {},
): Promise<{ times: Times; last: T }> {
  const seconds: number[] = [];
  const clocked = async (i: number): Promise<T> => {
    await before();
    const begin = performance.now();
    const value = await once(i);
    seconds.push((performance.now() - begin) / 1000);
    return value;
  };
  let last = await clocked(0);
  for (let i = 1; i <= repetitions; i++) last = await clocked(i);
  // The first one pays what is paid once: code loaded, caches of the server filled.
  const counted = seconds.slice(1);
  return {
    last,
    times: { seconds: round(median(counted)), min: round(Math.min(...counted)), max: round(Math.max(...counted)), repetitions },
  };
}

/** Whole commands, from the start of Node to its end. */
async function measureCommands(): Promise<void> {
  const own = join(home, 'commands');
  const { run, stay } = await commandLine(own);
  const chain = async (): Promise<RunReport> =>
    JSON.parse((await run('run', 'bench-chain', '--set', 'salt=c0', '--json')).trimEnd().split('\n').at(-1) ?? '');
  const help = await timed(5, () => run('--help'));
  report({ what: 'command: --help', ...help.times });
  await chain();
  // Cold: no server, no worker. The last one's server is still on its way out when its command has ended.
  const cold = await timed(5, chain, () => waitForEnding(own));
  report({ what: 'command: chain of 20 again, nothing up', ...cold.times, executed: executed(cold.last), target: '1.5 s, 0 nodes' });
  const end = await stay('up');
  const warm = await timed(5, chain);
  report({ what: 'command: chain of 20 again, `up` is up', ...warm.times, executed: executed(warm.last) });
  await end();
  await waitForEnding(own);
}

function executed(run: RunReport): number {
  return run.nodes.filter((node) => node.cache === 'miss').length;
}

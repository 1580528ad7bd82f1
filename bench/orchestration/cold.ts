/** One whole command: worker, run, end. `address home queue pipeline settings` */
import { Client, Connection } from '@temporalio/client';
import { waitForRun } from '../../activities/client/describe-run.ts';
import { startRun } from '../../activities/client/start-run.ts';
import { pipelineRegistry } from '../../activities/plan/registry.ts';
import { startWorkers } from '../../activities/worker/start-workers.ts';
import { openLedger } from '../../engine/ledger/ledger.ts';
import { openStore } from '../../engine/store/store.ts';
import { pipelines } from './pipelines.ts';

const [address = '', home = '', taskQueue = '', pipeline = '', settings = '{}'] = process.argv.slice(2);
const [workers, connection, store] = await Promise.all([
  startWorkers({ address, home, taskQueue, projectRoot: process.cwd(), queues: ['light'], pipelines: pipelineRegistry(pipelines) }),
  Connection.connect({ address }),
  openStore(home),
]);
const client = new Client({ connection });
const { workflowId } = await startRun(client, { taskQueue, request: { pipeline, settings: JSON.parse(settings) } });
const run = await waitForRun({ client, store, ledger: openLedger(home) }, workflowId);
process.stdout.write(`${JSON.stringify({ hits: run.nodes.filter((node) => node.cache === 'hit').length, nodes: run.nodes.length })}\n`);
void workers;
// A command that has its answer doesn't wait for idle pollers.
process.exit(0);

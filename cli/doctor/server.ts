import { Connection } from '@temporalio/client';
import { queueName } from '../../activities/messages.ts';
import { searchAttributes } from '../../activities/worker/search-attributes.ts';
import { QUEUES, type Queue } from '../../engine/define/task.ts';
import type { Config } from '../config/config.ts';
import { reasonOfSilence } from '../server/answers.ts';
import { DYNAMIC_SETTINGS, POLL_RATE } from '../server/flags.ts';
import { DEFAULT_PORTS, LOOPBACK, ownerOf } from '../server/ports.ts';
import { findServer } from '../server/temporal-server.ts';
import { findTemporalTool } from '../server/tool.ts';
import { onDuty } from '../session/roster.ts';
import type { Check } from './check.ts';

/** The server and what runs need of it. Without one, a run would start it, so only a missing program is fatal. */
export async function checkServer(config: Config): Promise<readonly Check[]> {
  const { temporal } = config;
  const asked = temporal.address;
  const address = asked ?? (await findServer(config.home))?.address ?? `${LOOPBACK}:${config.ports.server ?? DEFAULT_PORTS.server}`;
  const silence = await reasonOfSilence(address, asked === undefined ? {} : { connection: temporal.connection, milliseconds: 5000 });
  if (silence !== undefined) return [asked === undefined ? checkTool(temporal.cliPath) : askedButSilent(asked, silence)];

  const connection = await Connection.connect({ ...(asked === undefined ? {} : temporal.connection), address });
  try {
    const reached: Check = { name: 'Temporal', status: 'ok', found: `${address} (${asked === undefined ? 'local' : 'asked for'})` };
    const namespace = await checkNamespace(connection, temporal.namespace);
    if (namespace.status !== 'ok') return [reached, checkPollRate(address, commandAt(address)), namespace];
    return [
      reached,
      checkPollRate(address, commandAt(address)),
      namespace,
      checkAttributes(await attributesOf(connection, temporal.namespace), address, temporal.namespace),
      ...(await Promise.all(QUEUES.map(async (queue) => checkQueue(config, queue, await pollersOf(connection, config, queue))))),
    ];
  } finally {
    await connection.close();
  }
}

const askedButSilent = (address: string, found: string): Check => ({
  name: 'Temporal',
  status: 'fail',
  found: `${address} does not answer: ${found}`,
  fix: 'start it, correct TEMPORAL_ADDRESS or temporal.toml, or take the address away: then a local server is started',
});

/** No server runs: is there a program that starts one? */
export function checkTool(cliPath: string | undefined, find: typeof findTemporalTool = findTemporalTool): Check {
  try {
    const { path, source } = find(cliPath);
    return { name: 'Temporal', status: 'warn', found: `no server runs; ${path} (${source}) can start one`, fix: 'sostenuto up' };
  } catch (error) {
    return { name: 'Temporal', status: 'fail', found: error instanceof Error ? error.message : String(error), fix: 'npx sostenuto setup' };
  }
}

/** Command line of a local server's process. */
function commandAt(address: string): string | undefined {
  const { hostname, port } = new URL(`tcp://${address}`);
  return ['127.0.0.1', 'localhost', '[::1]'].includes(hostname) ? ownerOf(Number(port))?.command : undefined;
}

/** A development server polls its queues 20 times a second unless told otherwise, which costs a chain 100 ms a node. */
export function checkPollRate(address: string, command: string | undefined): Check {
  const name = 'poll rate';
  if (command === undefined || !command.includes('start-dev')) {
    return {
      name,
      status: 'unknown',
      found: `the process behind ${address} can't be seen from here`,
      fix: `the server should have ${POLL_RATE}=${DYNAMIC_SETTINGS[POLL_RATE]}`,
    };
  }
  const rate = new RegExp(`${POLL_RATE.replaceAll('.', '\\.')}=(\\d+)`).exec(command)?.[1];
  if (Number(rate) >= 1000) return { name, status: 'ok', found: `${POLL_RATE}=${rate}` };
  const settings = Object.entries(DYNAMIC_SETTINGS).map(([key, value]) => `--dynamic-config-value ${key}=${value}`);
  return { name, status: 'warn', found: `${rate ?? 20} a second: small steps wait`, fix: `start the server with ${settings.join(' ')}` };
}

async function checkNamespace(connection: Connection, namespace: string): Promise<Check> {
  try {
    const { config } = await connection.workflowService.describeNamespace({ namespace });
    const days = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) / 86_400;
    return { name: 'namespace', status: 'ok', found: `${namespace}, keeps closed runs ${days} days` };
  } catch (error) {
    const found = `${namespace}: ${error instanceof Error ? error.message : String(error)}`;
    return { name: 'namespace', status: 'fail', found, fix: `temporal operator namespace create -n ${namespace}` };
  }
}

async function attributesOf(connection: Connection, namespace: string): Promise<ReadonlySet<string>> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return new Set(Object.keys(customAttributes ?? {}));
}

/** Runs are labelled with these where they are known; without them they can't be searched for. */
export function checkAttributes(known: ReadonlySet<string>, address: string, namespace: string): Check {
  const missing = Object.entries(searchAttributes).filter(([name]) => !known.has(name));
  const words = missing.map(([name, type]) => `--name ${name} --type ${type}`);
  return {
    name: 'search attributes',
    status: missing.length === 0 ? 'ok' : 'warn',
    found: missing.length === 0 ? Object.keys(searchAttributes).join(', ') : `missing: ${missing.map(([name]) => name).join(', ')}`,
    fix: `temporal operator search-attribute create --address ${address} -n ${namespace} ${words.join(' ')}`,
  };
}

const WORKFLOW = 1;
const ACTIVITY = 2;

/** How many workers have asked the queue for work lately; at least one if one is too busy to ask. */
async function pollersOf(connection: Connection, { home, taskQueue, temporal }: Config, queue: Queue): Promise<number> {
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace: temporal.namespace,
    taskQueue: { name: queueName(taskQueue, queue) },
    taskQueueType: queue === 'light' ? WORKFLOW : ACTIVITY,
  });
  return Math.max(pollers?.length ?? 0, onDuty(home, taskQueue).has(queue) ? 1 : 0);
}

export function checkQueue({ taskQueue }: Pick<Config, 'taskQueue'>, queue: Queue, pollers: number): Check {
  const name = queueName(taskQueue, queue);
  if (pollers > 0) return { name: `queue ${queue}`, status: 'ok', found: `${name}: ${pollers} worker${pollers === 1 ? '' : 's'}` };
  return {
    name: `queue ${queue}`,
    status: 'warn',
    found: `${name}: nobody polls it`,
    fix: `sostenuto up, or sostenuto worker --queues ${queue}`,
  };
}

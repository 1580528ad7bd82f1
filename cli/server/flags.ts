import { searchAttributes } from '../../activities/worker/search-attributes.ts';
import { LOOPBACK, type PortPair } from './ports.ts';
import { databaseOf } from './record.ts';

/**
 * Server settings that make small steps cheap. A development server reads its queues 20 times a second by default, which costs a
 * chain of tasks 100 ms a node; eager execution hands a new task to the worker that asked for it, without a queue between. Queues have
 * one part: of several, one that nobody has asked for five minutes is put away with the tasks in it, and a worker that is busy with long
 * trainings asks one at a time; a training waited for minutes beside an idle worker.
 */
export const DYNAMIC_SETTINGS = {
  'history.transferProcessorMaxPollRPS': '10000',
  'history.timerProcessorMaxPollRPS': '10000',
  'system.enableActivityEagerExecution': 'true',
  'matching.numTaskqueueReadPartitions': '1',
  'matching.numTaskqueueWritePartitions': '1',
} as const;

/**
 * How the server's database writes. With a log ahead of it a step is one write instead of three, and it is synced in bulk: the death of a process
 * loses nothing, a power cut may take back the last half minute of a run's course. Results have a store of their own, which syncs each.
 */
const DATABASE_SETTINGS = { journal_mode: 'wal', synchronous: 'normal' } as const;

/** The one that matters most; `doctor` looks for it in the command line of a local server. */
export const POLL_RATE = 'history.transferProcessorMaxPollRPS';

/** Arguments of `temporal` for this home's server: a database file, so that a restart keeps runs; the loopback address only. */
export function serverArguments(home: string, { port, uiPort }: PortPair): string[] {
  return [
    ...['server', 'start-dev', '--db-filename', databaseOf(home)],
    ...['--ip', LOOPBACK, '--port', String(port), '--ui-port', String(uiPort)],
    ...['--log-level', 'error'],
    ...Object.entries(searchAttributes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
    ...settingArguments(),
  ];
}

/** What makes a development server quick. */
export const settingArguments = (): string[] => [
  ...Object.entries(DATABASE_SETTINGS).flatMap(([name, value]) => ['--sqlite-pragma', `${name}=${value}`]),
  ...Object.entries(DYNAMIC_SETTINGS).flatMap(([name, value]) => ['--dynamic-config-value', `${name}=${value}`]),
];

import { SostenutoError } from '../errors/problem.ts';

/** What a script can tell from the exit status of any command. */
export const exitCodes = {
  done: 0,
  /** It ran, and something in it failed. */
  failed: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** Settings, configuration or data are wrong: the same call fails again until someone changes them. */
  data: 3,
  /** Nothing is wrong; a person has to decide something first. */
  waiting: 4,
  /** No server, or nobody who would do the work. */
  unavailable: 5,
  /** Ctrl-C. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const usage = new Set(['BAD_USAGE']);
const unavailable = /^(?:NO_SERVER|NO_WORKER|SERVER_|WORKER_|PORT_|TEMPORAL_)/;

/** The exit status for an error that ended a command. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof Error && error.name === 'AbortError') return exitCodes.interrupted;
  if (!(error instanceof SostenutoError)) return exitCodes.failed;
  if (usage.has(error.code)) return exitCodes.usage;
  if (unavailable.test(error.code)) return exitCodes.unavailable;
  return error.retryable ? exitCodes.failed : exitCodes.data;
}

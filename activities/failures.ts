import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { describeProblem, type Problem, SostenutoError } from '../errors/problem.ts';

/** An error that crosses a process boundary as data. */
export interface ErrorData {
  readonly message: string;
  readonly problems: readonly Problem[];
  /** `undefined`: nobody decided; a few attempts are made. */
  readonly retryable: boolean | undefined;
  readonly stack?: string;
}

/** Attempts of code that throws something nobody typed. */
export const untypedAttempts = 3;

/** System errors that pass without anyone changing the code: the disk, the network, the limits of the machine. */
const passing = new Set([
  'EAGAIN',
  'EBUSY',
  'ECONNREFUSED',
  'ECONNRESET',
  'EDQUOT',
  'EINTR',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ENOSPC',
  'EPIPE',
  'EROFS',
  'ESTALE',
  'ETIMEDOUT',
]);
/** Mistakes in the code: the next attempt makes them again. */
const mistakes = new Set(['TypeError', 'ReferenceError', 'SyntaxError', 'ZodError']);

const systemCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** Decides about any thrown value once, where it was caught first. */
export function errorData(error: unknown): ErrorData {
  if (error instanceof SostenutoError)
    return { message: error.message, problems: error.problems, retryable: error.retryable, ...stackOf(error) };
  if (!(error instanceof Error)) {
    const problem: Problem = { code: 'THROWN_VALUE', what: `Something that is no Error was thrown: ${String(error)}` };
    return { message: problem.what, problems: [problem], retryable: undefined };
  }
  const code = systemCode(error);
  if (code !== undefined && passing.has(code)) {
    const problem: Problem = { code: `SYSTEM_${code}`, what: error.message, hint: 'The attempt is repeated until the cause is gone.' };
    return { message: describeProblem(problem), problems: [problem], retryable: true, ...stackOf(error) };
  }
  const what = error.name === 'Error' ? error.message : `${error.name}: ${error.message}`;
  return {
    message: what,
    problems: [{ code: 'UNEXPECTED', what }],
    retryable: mistakes.has(error.name) ? false : undefined,
    ...stackOf(error),
  };
}

const stackOf = (error: Error): { stack?: string } => (error.stack === undefined ? {} : { stack: error.stack.slice(0, 4000) });

/** Another attempt can succeed: typed so, or untyped and not yet tried often enough. */
export const isWorthRetrying = (data: ErrorData, attempt: number): boolean => data.retryable ?? attempt < untypedAttempts;

/** What Temporal gets to see. Its type is the problem's code; cancellations pass through untouched. */
export function applicationFailure(error: unknown, attempt: number): unknown {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  const data = errorData(error);
  return fromErrorData(data, attempt);
}

export function fromErrorData(data: ErrorData, attempt: number): ApplicationFailure {
  const failure = ApplicationFailure.create({
    message: data.message.slice(0, 3000),
    type: data.problems[0]?.code ?? 'UNEXPECTED',
    nonRetryable: !isWorthRetrying(data, attempt),
    details: [{ problems: data.problems.slice(0, 20).map((problem) => ({ ...problem, what: problem.what.slice(0, 500) })), attempt }],
  });
  if (data.stack !== undefined) failure.stack = data.stack;
  return failure;
}

/** The error again on this side of the boundary. */
export function fromData(data: ErrorData): Error {
  if (data.retryable !== undefined) return new SostenutoError(data.problems, { retryable: data.retryable });
  const error = new Error(data.message);
  if (data.stack !== undefined) error.stack = data.stack;
  return error;
}

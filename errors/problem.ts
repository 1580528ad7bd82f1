/** What went wrong, as data. Words are made from it in one place, so that every message has the same order. */
export interface Problem {
  /** Stable name, for scripts and for `docs/errors.md`; upper case with underscores. */
  readonly code: string;
  /** What happened, one sentence, naming the thing. */
  readonly what: string;
  /** File, field, node or address. */
  readonly where?: string;
  readonly found?: string;
  readonly expected?: string;
  /** The next step; only what was probed or is always true. */
  readonly hint?: string;
}

/** Several lines: what happened, where, the value, what is allowed, the way out. */
export function describeProblem(problem: Problem): string {
  const rows: [string, string | undefined][] = [
    ['where', problem.where],
    ['found', problem.found],
    ['expected', problem.expected],
    ['way out', problem.hint],
  ];
  const details = rows.filter(([, value]) => value !== undefined).map(([label, value]) => `\n  ${label}: ${value}`);
  return `${problem.what}${details.join('')}`;
}

/** Marks an error for every copy of this module in the process: the bundled command's, and the one that a task's source loads. */
const brand = Symbol.for('sostenuto.error');

/**
 * An error that names the thing, the place and the way out. `retryable` is decided where it is thrown:
 * true only if the same call can succeed later without anyone changing anything.
 */
export class SostenutoError extends Error {
  override readonly name = 'SostenutoError';
  readonly problems: readonly Problem[];
  readonly retryable: boolean;

  constructor(problems: Problem | readonly Problem[], options: { retryable?: boolean; cause?: unknown } = {}) {
    const all = 'code' in problems ? [problems] : problems;
    super(all.map(describeProblem).join('\n'), 'cause' in options ? { cause: options.cause } : undefined);
    this.problems = all;
    this.retryable = options.retryable ?? false;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }

  get [brand](): true {
    return true;
  }

  /** Code of the first problem. */
  get code(): string {
    return this.problems[0]?.code ?? 'UNKNOWN';
  }
}

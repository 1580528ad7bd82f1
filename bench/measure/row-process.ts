import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** What some steps took, each in milliseconds of wall and of processor time (all threads). */
export interface Steps {
  readonly wall: readonly number[];
  readonly cpu: readonly number[];
}
/** One row of a table: a process of its own that waits for the word to take steps. */
export interface RowProcess {
  readonly name: string;
  /** MB that the process had taken when its libraries were loaded. */
  readonly loaded: number;
  /** Numbers of its first step, to compare with those of other rows. */
  readonly first: Readonly<Record<string, number>>;
  take(steps: number): Promise<Steps>;
  /** Ends it; the most memory that it ever took, in MB. */
  stop(): Promise<number>;
}

/** Starts a row and waits until it is ready. It speaks JSON, a line for a line (see `serveRow` and reference/serve.py). Throws with what it wrote if it dies. */
export async function startRow(
  name: string,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<RowProcess> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints = (complaints + String(chunk)).slice(-2000);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${name} ended early:\n${complaints}`);
      if (value.startsWith('{')) return JSON.parse(value);
    }
  };
  const { loaded, first } = await answer();
  return {
    name,
    loaded,
    first,
    take: (steps) => {
      child.stdin.write(`${steps}\n`);
      return answer();
    },
    stop: async () => {
      child.stdin.write('stop\n');
      return (await answer()).maxRss;
    },
  };
}

/** A function of the step that a thread of its own computes, ahead of whoever asks. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { type Problem, SostenutoError } from '../../errors/problem.ts';

export interface Ahead<Result> {
  /** The result of a step; the thread goes on with those behind it. One that fails does so when it is asked for. */
  read(step: number): Promise<Result>;
  close(): Promise<void>;
}
/** Run in the thread, once. Arrays in what the function returns are moved to who asks, not copied, unless they lie in shared memory: keep none. */
export type OpenInThread<Given, Result> = (given: Given) => (step: number) => Result;

interface ThreadData {
  /** Module that exports an `OpenInThread`, and under which name. */
  readonly url: string;
  readonly export: string;
  readonly given: unknown;
}
type Answer = { readonly step: number; readonly result: unknown } | { readonly step: number; readonly failed: readonly Problem[] | string };
interface Asked {
  readonly answer: Promise<Answer>;
  readonly take: (answer: Answer) => void;
  awaited: boolean;
}

/** Starts the thread. `given` reaches it as a copy. Besides what is used, at most `ahead` results wait in memory. */
export function runAhead<Given, Result>(
  code: { readonly url: string; readonly open: OpenInThread<Given, Result> },
  given: Given,
  ahead: number,
): Ahead<Result> {
  const data: ThreadData = { url: code.url, export: code.open.name, given };
  const thread = new Worker(startOf(import.meta.url, serve.name), { eval: true, execArgv: [], workerData: data });
  thread.unref();
  const asked = new Map<number, Asked>();
  let awaited = 0;
  const ask = (step: number) => {
    if (asked.has(step)) return;
    let take: (answer: Answer) => void = () => {};
    const answer = new Promise<Answer>((resolve) => {
      take = resolve;
    });
    asked.set(step, { answer, take, awaited: false });
    thread.postMessage(step);
  };
  let ended: string | undefined;
  const end = (failed: string) => {
    ended ??= failed;
    for (const [step, { take }] of asked) take({ step, failed });
  };
  thread.on('message', (answer: Answer) => asked.get(answer.step)?.take(answer));
  thread.on('error', (error) => end(error.stack ?? error.message));
  thread.on('exit', () => end('the reading thread has ended'));
  return {
    async read(step) {
      if (ended !== undefined) throw new Error(ended);
      // After a jump, what was read ahead is of no use.
      for (const [other, { awaited }] of asked) if (!awaited && (other < step || other > step + ahead)) asked.delete(other);
      for (let next = step; next <= step + ahead; next++) ask(next);
      const own = asked.get(step);
      if (own) own.awaited = true;
      if (awaited++ === 0) thread.ref();
      const found = await own?.answer;
      if (--awaited === 0) thread.unref();
      asked.delete(step);
      if (found && 'result' in found) return found.result as Result;
      const failed = found?.failed ?? 'no answer';
      throw typeof failed === 'string' ? new Error(failed) : new SostenutoError(failed);
    },
    async close() {
      await thread.terminate();
    },
  };
}

/** What the thread does: answers the steps that it is asked for, in order. */
export async function serve(): Promise<void> {
  const { url, export: name, given }: ThreadData = workerData;
  const open = (await import(url))[name];
  let read: ReturnType<OpenInThread<unknown, unknown>> | undefined;
  parentPort?.on('message', (step: number) => {
    try {
      read ??= open(given) as ReturnType<OpenInThread<unknown, unknown>>;
      const result = read(step);
      parentPort?.postMessage({ step, result } satisfies Answer, buffersIn(result));
    } catch (error) {
      const failed = error instanceof SostenutoError ? error.problems : String(error instanceof Error ? error.stack : error);
      parentPort?.postMessage({ step, failed } satisfies Answer);
    }
  });
}

/** Of all arrays in a plain object. */
function buffersIn(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return value.buffer instanceof ArrayBuffer ? [value.buffer] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(buffersIn) : [];
}

/** A thread does not have the loader of TypeScript that its process was started with. */
function startOf(module: string, name: string): string {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx'));
  const loader = new URL('esm/api/index.mjs', tsx).href;
  return `import(${JSON.stringify(loader)}).then(({ register }) => register() && import(${JSON.stringify(module)})).then((m) => m.${name}())`;
}

import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Progress } from '../../engine/define/task.ts';
import type { Fingerprint } from '../../engine/fingerprint/fingerprint.ts';
import { SostenutoError } from '../../errors/problem.ts';
import { fromData } from '../failures.ts';
import type { Outputs } from '../messages.ts';
import { type FromChild, type Job, parentVariable, type ToChild } from './protocol.ts';

export interface ChildEvents {
  /** The task's code is loaded and begins. A rejection ends the process, and is what `run` rejects with. */
  readonly loaded: () => Promise<void>;
  readonly progress: (progress: Progress) => void;
  readonly metric: (name: string, step: number, value: number) => void;
  readonly warn: (message: string) => void;
  readonly checkpoint: (step: number) => void;
  readonly adopted: (from: string) => void;
}
export interface ChildLimits {
  /** Milliseconds that a stopped task may take to save and end, before it is killed. */
  readonly graceMs: number;
  /** Milliseconds without a sign from its event loop after which a child counts as hung. */
  readonly silenceMs: number;
}
export const defaultLimits: ChildLimits = { graceMs: 30_000, silenceMs: 300_000 };

const entry = fileURLToPath(new URL('./entry.ts', import.meta.url));
/** By URL, because `--import tsx` alone would be looked up from the working directory. */
const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const tailBytes = 4000;
/** Of glibc: with a heap for each thread, its default, a training's holes add up to a tenth more memory. */
const ONE_HEAP = { MALLOC_ARENA_MAX: '1' };

/** A child process that runs tasks one after the other. It ends with its parent, whatever becomes of that. */
export class ChildRunner {
  readonly #child: ChildProcess;
  /** Those of the task that runs. */
  limits: ChildLimits;
  /** Milliseconds since 1970: what it has loaded, it has loaded later. */
  readonly startedMs = Date.now();
  /** Versions of the packages that its tasks were planned with. */
  readonly #packages = new Map<string, string>();
  #state: 'new' | 'running' | 'well' | 'spent' = 'new';
  #heldBytes = 0;
  #tail = '';
  #lastSign = Date.now();
  #exit: { code: number | null; signal: NodeJS.Signals | null } | undefined;
  #hung = false;
  #killTimer: NodeJS.Timeout | undefined;

  constructor(limits: ChildLimits = defaultLimits) {
    this.limits = limits;
    this.#child = fork(entry, [], {
      execArgv: ['--import', loader],
      env: { ...ONE_HEAP, ...process.env, [parentVariable]: String(process.pid) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'json',
    });
    const keep = (chunk: Buffer): void => {
      this.#tail = (this.#tail + chunk.toString('utf8')).slice(-tailBytes);
    };
    this.#child.stdout?.on('data', keep);
    this.#child.stderr?.on('data', keep);
    this.#child.on('exit', (code, signal) => {
      this.#exit = { code, signal };
      clearTimeout(this.#killTimer);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Its event loop has turned lately: only then may the activity say that it is alive. */
  get isAlive(): boolean {
    return this.#exit === undefined && Date.now() - this.#lastSign < this.limits.silenceMs;
  }

  /** Its last task ended well, and nothing has happened to it since. */
  get isReusable(): boolean {
    return this.#exit === undefined && this.#state === 'well' && this.#child.connected;
  }

  /** Bytes in memory after its last task. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Whether the packages of some code are those that it may have loaded; remembers them. */
  knows({ modules }: Fingerprint): boolean {
    const packages = Object.entries(modules).filter(([name]) => name.startsWith('npm:'));
    if (packages.some(([name, version]) => (this.#packages.get(name) ?? version) !== version)) return false;
    for (const [name, version] of packages) this.#packages.set(name, version);
    return true;
  }

  /** Runs one task. Rejects with the task's own error, or says how the process ended. */
  run(job: Job, events: ChildEvents): Promise<Outputs> {
    return new Promise<Outputs>((done, failed) => {
      const watch = setInterval(
        () => {
          if (this.isAlive || this.#exit !== undefined) return;
          this.#hung = true;
          this.#child.kill('SIGKILL');
        },
        Math.min(1000, this.limits.silenceMs / 2),
      );
      const end = (): void => {
        clearInterval(watch);
        this.#child.off('message', hear);
        this.#child.off('close', died);
        this.#child.off('error', failedToStart);
      };
      const died = (): void => {
        end();
        failed(this.#deathError(job.node.task));
      };
      const failedToStart = (error: Error): void => {
        end();
        failed(error);
      };
      const refused = (error: unknown): void => {
        end();
        this.#child.kill('SIGKILL');
        failed(error);
      };
      const hear = (message: FromChild): void => {
        this.#lastSign = Date.now();
        if (message.type === 'loaded') events.loaded().catch(refused);
        else if (message.type === 'progress') events.progress(message.progress);
        else if (message.type === 'metric') events.metric(message.name, message.step, message.value);
        else if (message.type === 'warning') events.warn(message.message);
        else if (message.type === 'checkpoint') events.checkpoint(message.step);
        else if (message.type === 'adopted') events.adopted(message.from);
        else if (message.type === 'done' || message.type === 'failed') {
          end();
          if (this.#state === 'running') this.#state = message.type === 'done' ? 'well' : 'spent';
          if (message.type === 'done') {
            this.#heldBytes = message.memory;
            done(message.outputs);
          } else failed(fromData(message.error));
        }
      };
      if (this.#exit !== undefined) {
        died();
        return;
      }
      this.#lastSign = Date.now();
      if (this.#state !== 'spent') this.#state = 'running';
      this.#child.on('message', hear);
      // `close`, not `exit`: by then everything that it wrote to its error output has arrived.
      this.#child.on('close', died);
      this.#child.on('error', failedToStart);
      this.#send({ type: 'run', job });
    });
  }

  /** Asks the task to save a checkpoint and end; after the grace period the process is killed. */
  stop(reason: string): void {
    this.#state = 'spent';
    this.#send({ type: 'stop', reason });
    this.#killTimer ??= setTimeout(() => this.#child.kill('SIGKILL'), this.limits.graceMs);
  }

  /** Ends the process, which has nothing to do any more, and waits until it is gone: so is what it held of the device. */
  async close(): Promise<void> {
    clearTimeout(this.#killTimer);
    if (this.#exit === undefined && this.#child.pid !== undefined) {
      const gone = new Promise((done) => this.#child.once('exit', done));
      this.#child.kill('SIGKILL');
      await gone;
    }
  }

  #send(message: ToChild): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #deathError(task: string): SostenutoError {
    const { code, signal } = this.#exit ?? { code: null, signal: null };
    const said = this.#tail.trim().split('\n').slice(-12).join('\n');
    const found = said === '' ? {} : { found: said };
    if (this.#hung) {
      return new SostenutoError(
        {
          code: 'CHILD_HUNG',
          what: `The process of "${task}" gave no sign of life for ${this.limits.silenceMs / 1000} s and was killed.`,
          ...found,
        },
        { retryable: true },
      );
    }
    if (signal !== null) {
      const hint = signal === 'SIGKILL' ? 'The system kills processes when memory runs out: see its log.' : undefined;
      return new SostenutoError(
        {
          code: 'CHILD_KILLED',
          what: `The process of "${task}" was ended by ${signal}.`,
          ...found,
          ...(hint === undefined ? {} : { hint }),
        },
        { retryable: true },
      );
    }
    return new SostenutoError({
      code: 'CHILD_EXITED',
      what: `The process of "${task}" ended with exit code ${code} before its result.`,
      ...found,
    });
  }
}

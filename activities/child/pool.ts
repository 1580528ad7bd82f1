import type { Fingerprint } from '../../engine/fingerprint/fingerprint.ts';
import { isOlderThan } from '../tasks/implementation.ts';
import { type ChildLimits, ChildRunner } from './runner.ts';

/** How long a process without a task is kept, and how much memory it may hold meanwhile. */
const idleMs = 10_000;
const idleBytes = 2 ** 30;

interface Idle {
  readonly child: ChildRunner;
  readonly end: NodeJS.Timeout;
}

/**
 * Processes that have ended a task well and wait for the next: a new one needs most of two seconds of processor time before it has loaded
 * TensorFlow. One is used again only for code that no file was written to since it began, so that what it has in memory is what is planned.
 */
export class ChildPool {
  readonly #most: number;
  readonly #projectRoot: string;
  #idle: Idle[] = [];

  /** @param most How many are kept; 0 where a process that is done must give back what it holds of a device. */
  constructor(most: number, projectRoot: string) {
    this.#most = most;
    this.#projectRoot = projectRoot;
  }

  /** A process for a task with this code: one that waits, else a new one. */
  async take(limits: ChildLimits, code: Fingerprint): Promise<ChildRunner> {
    for (;;) {
      const idle = this.#idle.pop();
      if (idle === undefined) {
        const child = new ChildRunner(limits);
        child.knows(code);
        return child;
      }
      clearTimeout(idle.end);
      if (idle.child.isReusable && (await isOlderThan(idle.child.startedMs, code, this.#projectRoot)) && idle.child.knows(code)) {
        idle.child.limits = limits;
        return idle.child;
      }
      await idle.child.close();
    }
  }

  /** Takes a process that has nothing to do. One that failed, was stopped or holds much memory ends, and so does one too many. */
  async giveBack(child: ChildRunner): Promise<void> {
    if (this.#idle.length >= this.#most || !child.isReusable || child.heldBytes > idleBytes) return child.close();
    const entry: Idle = {
      child,
      end: setTimeout(() => {
        this.#idle = this.#idle.filter((other) => other !== entry);
        void child.close();
      }, idleMs),
    };
    entry.end.unref();
    this.#idle.push(entry);
  }

  /** Ends all that wait. */
  async close(): Promise<void> {
    const ending = this.#idle;
    this.#idle = [];
    for (const { end } of ending) clearTimeout(end);
    await Promise.all(ending.map(({ child }) => child.close()));
  }
}

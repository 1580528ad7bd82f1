import { setTimeout as sleep } from 'node:timers/promises';
import type { Workers } from '../../activities/worker/start-workers.ts';
import type { Queue } from '../../engine/define/task.ts';
import type { Project } from './project.ts';
import { reviveServer, type Session } from './session.ts';
import { employ, unstaffed } from './staff.ts';

const lookAgainMs = 3000;

/** Keeps somebody at every queue for as long as it is needed. */
export interface Staff {
  /** Whether this process does some of the work itself. */
  readonly isOwn: boolean;
  /** Rejects if a worker of this process dies. */
  readonly failure: Promise<never>;
  /** Own workers let running trainings save a checkpoint, then stop. */
  stop(): Promise<void>;
}

/**
 * Starts workers where nobody listens, now and whenever somebody leaves: another command whose workers were used may end first.
 * A local server that died is started again; its runs go on.
 */
export async function keepStaffed(
  project: Project,
  session: Session,
  queues: readonly Queue[],
  warn: (line: string) => void,
): Promise<Staff> {
  const employed: Workers[] = [];
  const ending = new AbortController();
  let fail: (reason: unknown) => void = () => {};
  const failure = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failure.catch(() => undefined);

  const fill = async (): Promise<void> => {
    const vacant = await unstaffed(session, queues);
    if (vacant.length === 0) return;
    const workers = await employ(project, session, vacant, warn);
    employed.push(workers);
    workers.done.catch(fail);
  };
  await fill();
  let isAway = false;
  const watch = (async (): Promise<void> => {
    while (!ending.signal.aborted) {
      await sleep(lookAgainMs, undefined, { signal: ending.signal }).catch(() => undefined);
      if (ending.signal.aborted) return;
      // A server that is busy or away is no reason to give up: the next look finds it.
      try {
        await reviveServer(session, warn);
        await fill();
        if (isAway) warn('The server answers again.');
        isAway = false;
      } catch (error) {
        if (!isAway) warn(`Waiting for the server: ${error instanceof Error ? error.message : String(error)}`);
        isAway = true;
      }
    }
  })();
  return {
    get isOwn() {
      return employed.length > 0;
    },
    failure,
    async stop() {
      ending.abort();
      await watch;
      await Promise.all(employed.map((workers) => workers.stop()));
    },
  };
}

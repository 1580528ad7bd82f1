import { setTimeout as sleep } from 'node:timers/promises';
import type { Approval, NodeName, RunStatus, UpdateName } from '../../activities/messages.ts';
import { SostenutoError } from '../../errors/problem.ts';
import { printJson, say } from '../output.ts';

/** A canceled training may take this long to save its checkpoint before the command stops waiting. */
const patienceMs = 60_000;

/** Sends an update to a run and prints its answer. */
export async function sendAndSay(
  workflowId: string,
  name: UpdateName,
  argument: Approval | NodeName | undefined,
  { json }: { readonly json?: boolean },
): Promise<void> {
  const answer = await atRun(workflowId, async (session) => {
    await requireWorker(session);
    const { sendUpdate } = await import('../../activities/client/control-run.ts');
    return sendUpdate(session.client, workflowId, name, argument);
  });
  if (json) printJson({ workflowId, update: name, answer });
  else say(answer);
}

/** Cancels a run and waits until it has ended, for a while. */
export async function cancelAndSettle(workflowId: string): Promise<RunStatus> {
  return atRun(workflowId, async (session) => {
    const [{ cancelRun }, { describeRun }] = await Promise.all([
      import('../../activities/client/control-run.ts'),
      import('../../activities/client/describe-run.ts'),
    ]);
    await cancelRun(session.client, workflowId);
    await requireWorker(session);
    for (const limit = Date.now() + patienceMs; ; ) {
      const { status } = await describeRun(session, workflowId);
      if (status !== 'running' || Date.now() > limit) return status;
      await sleep(300);
    }
  });
}

type Session = import('./session.ts').Session;

/** Does something with an open run. @throws SostenutoError `NO_SERVER`, `NO_SUCH_RUN` */
export async function atRun<T>(workflowId: string, act: (session: Session) => Promise<T>): Promise<T> {
  const [{ getSession }, { loadConfig }] = await Promise.all([import('./session.ts'), import('../config/load.ts')]);
  const session = await getSession(await loadConfig());
  try {
    return await act(session);
  } catch (error) {
    if (!(error instanceof Error && error.name === 'WorkflowNotFoundError')) throw error;
    const { noSuchRun } = await import('../../activities/client/from-ledger.ts');
    throw noSuchRun(workflowId, `No run "${workflowId}" is open.`, { cause: error });
  } finally {
    await session.close();
  }
}

/** Without a worker nobody would answer. What was asked for before is not lost: it is in the run's history. @throws SostenutoError `NO_WORKER` */
export async function requireWorker(session: Session): Promise<void> {
  const { unstaffed } = await import('./staff.ts');
  if ((await unstaffed(session, ['light'])).length === 0) return;
  throw new SostenutoError({
    code: 'NO_WORKER',
    what: 'Nobody is at work, so the run cannot answer.',
    where: session.config.taskQueue,
    hint: 'start workers with `sostenuto up`',
  });
}

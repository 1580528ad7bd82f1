import { type Client, WorkflowUpdateFailedError } from '@temporalio/client';
import { SostenutoError } from '../../errors/problem.ts';
import type { Approval, NodeName, UpdateName } from '../messages.ts';

/** Asks a run to stop; it saves checkpoints, writes its ledger rows and ends as canceled. */
export async function cancelRun(client: Client, workflowId: string): Promise<void> {
  await client.workflow.getHandle(workflowId).cancel();
}

/**
 * Sends an update and returns the run's answer, one sentence.
 * @throws SostenutoError `UPDATE_REFUSED` with the run's own words.
 */
export async function sendUpdate(client: Client, workflowId: string, name: UpdateName, argument?: Approval | NodeName): Promise<string> {
  try {
    const handle = client.workflow.getHandle(workflowId);
    return argument === undefined
      ? await handle.executeUpdate<string, []>(name)
      : await handle.executeUpdate<string, [Approval | NodeName]>(name, { args: [argument] });
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    throw new SostenutoError(
      { code: 'UPDATE_REFUSED', what: error.cause instanceof Error ? error.cause.message : error.message, where: workflowId },
      { cause: error },
    );
  }
}

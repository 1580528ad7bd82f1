import { proxyActivities } from '@temporalio/workflow';

/** Not the workflow that the histories were recorded with: replaying them has to fail. */
const { somethingElse } = proxyActivities<{ somethingElse(): Promise<void> }>({ startToCloseTimeout: '1 minute' });

export async function runPipeline(): Promise<void> {
  await somethingElse();
}
export async function runMap(): Promise<void> {
  await somethingElse();
}

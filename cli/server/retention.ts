import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';

const DAYS = 30;

/** A development server forgets closed runs after one day; its own home may keep them longer. Not worth failing a start for. */
export async function keepRuns(address: string): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    const config = { workflowExecutionRetentionTtl: msToTs(`${DAYS} days`) };
    await connection.workflowService.updateNamespace({ namespace: 'default', config });
  } finally {
    await connection.close();
  }
}

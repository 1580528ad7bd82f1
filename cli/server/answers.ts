import { Connection, type ConnectionOptions } from '@temporalio/client';

const SERVICE = 'temporal.api.workflowservice.v1.WorkflowService';
const SERVING = 1;

/**
 * Whether a Temporal frontend serves at the address. Without `connection` in plain text, as a local server speaks.
 * @param address host:port
 */
export async function answers(
  address: string,
  options: { readonly connection?: Omit<ConnectionOptions, 'address'>; readonly milliseconds?: number } = {},
): Promise<boolean> {
  return (await reasonOfSilence(address, options)) === undefined;
}

/** Why it does not answer; undefined if it does. */
export async function reasonOfSilence(
  address: string,
  {
    connection = {},
    milliseconds = 2000,
  }: { readonly connection?: Omit<ConnectionOptions, 'address'>; readonly milliseconds?: number } = {},
): Promise<string | undefined> {
  let client: Connection | undefined;
  try {
    client = await Connection.connect({ ...connection, address, connectTimeout: milliseconds });
    const { healthService } = client;
    const { status } = await client.withDeadline(Date.now() + milliseconds, () => healthService.check({ service: SERVICE }));
    return status === SERVING ? undefined : 'it says that it does not serve';
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n', 1)[0] ?? error.name) : String(error);
  } finally {
    await client?.close();
  }
}

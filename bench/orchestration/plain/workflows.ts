import { proxyActivities } from '@temporalio/workflow';

/** The same work without this project: nothing is cached, recorded or content-addressed. */
const { step } = proxyActivities<{ step(value: number): Promise<number> }>({ startToCloseTimeout: '1 minute' });

export async function plainChain(size: number): Promise<number> {
  let value = 0;
  for (let i = 0; i < size; i++) value = await step(value);
  return value;
}

export async function plainFanout(size: number): Promise<number> {
  const parts = await Promise.all(Array.from({ length: size }, (_, i) => step(i)));
  return parts.length;
}

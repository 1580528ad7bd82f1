import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fusedKernels } from '../../../../models/backend/fused/kernels.ts';
import type { FusedKernel } from '../../../../models/backend/fused/shapes.ts';
import type { Tf } from '../../../../models/backend/index.ts';
import { digestOf, loadNative } from './draw.ts';
import { drawnInputs, kernelInputs } from './kernel-inputs.ts';
import { networkStep } from './network-step.ts';

const LARGE = { batch: 7, time: 97, keys: 23, channels: 70, taps: 5, heads: 3, headWidth: 10, weights: 50_001, masked: true };

const TASKS = {
  /** Of what each kernel gives. */
  digests: (tf: Tf): Record<string, string[]> => {
    const digests = Object.entries(kernelInputs(LARGE)).map(([kernel, shapes]) => {
      const results = fusedKernels(tf)?.(kernel as FusedKernel, drawnInputs(tf, shapes)) ?? [];
      return [kernel, results.map(digestOf)];
    });
    return Object.fromEntries(digests);
  },
  network: (tf: Tf): Record<string, { shape: readonly number[]; data: number[] }> =>
    Object.fromEntries([...networkStep(tf)].map(([name, { shape, data }]) => [name, { shape, data: [...data] }])),
};
type Task = keyof typeof TASKS;

interface Answer<Name extends Task> {
  readonly isFused: boolean;
  readonly threads: number;
  readonly result: ReturnType<(typeof TASKS)[Name]>;
}
export async function perform<Name extends Task>(task: Name): Promise<Answer<Name>> {
  const { tf, threads, isFused } = await loadNative();
  return { isFused, threads, result: TASKS[task](tf) as ReturnType<(typeof TASKS)[Name]> };
}

/** The same in a process of its own, because TensorFlow reads its environment once. */
export async function performElsewhere<Name extends Task>(task: Name, environment: NodeJS.ProcessEnv): Promise<Answer<Name>> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', import.meta.filename, task], {
    env: { ...process.env, ...environment },
    maxBuffer: 2 ** 26,
  });
  return JSON.parse(stdout);
}

if (process.argv[1] === import.meta.filename) console.log(JSON.stringify(await perform(process.argv[2] as Task)));

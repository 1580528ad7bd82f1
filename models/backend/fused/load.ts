import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { kernelsPath } from './place.mjs';

let isLoaded = false;

/** Whether this process has the fused kernels; without them, plain operations compute the same. */
export const hasFusedKernels = (): boolean => isLoaded;

/**
 * Registers the kernels that the set-up compiled for this processor with the TensorFlow that is loaded already. `SOSTENUTO_KERNELS=plain` leaves them out.
 * @param tools `<package root>/.sostenuto`
 * @returns whether they are there now
 */
export function loadFusedKernels(tools: string): boolean {
  if (isLoaded || process.env.SOSTENUTO_KERNELS === 'plain') return isLoaded;
  const path = kernelsPath(tools);
  if (!existsSync(path)) return false;
  try {
    createRequire(import.meta.url)(path);
    isLoaded = true;
  } catch {
    // Compiled on a machine that shares this folder, with a newer system library: slower, nothing else.
  }
  return isLoaded;
}

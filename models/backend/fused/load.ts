import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { kernelsPath, SOURCES_DIGEST } from './place.mjs';

/** Sources of the kernels that this process has. */
let loaded: string | undefined;

/** Whether this process has the fused kernels; without them, plain operations compute the same. Whoever asks depends on the C++: its digest is in the code. */
export const hasFusedKernels = (): boolean => loaded === SOURCES_DIGEST;

/**
 * Registers the kernels that the set-up compiled for this processor with the TensorFlow that is loaded already. `SOSTENUTO_KERNELS=plain` leaves them out.
 * @param tools `<package root>/.sostenuto`
 * @returns whether they are there now
 */
export function loadFusedKernels(tools: string): boolean {
  const path = kernelsPath(tools);
  if (process.env.SOSTENUTO_KERNELS === 'plain' || !existsSync(path)) return hasFusedKernels();
  try {
    createRequire(import.meta.url)(path);
    loaded = SOURCES_DIGEST;
  } catch {
    // Compiled on a machine that shares this folder, with a newer system library: slower, nothing else.
  }
  return hasFusedKernels();
}

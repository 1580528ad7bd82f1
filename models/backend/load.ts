import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { SostenutoError } from '../../errors/problem.ts';
import { findNativePackages, loadNative } from './native.ts';
import type { Backend, BackendName, BackendOptions, Tf } from './types.ts';
import { loadWasm } from './wasm/load.ts';

export type BackendChoice = BackendName | 'auto';

/**
 * Loads TensorFlow.js and makes the best backend that is present the current one: `tensorflow`, else `wasm`, else `cpu`.
 * A named choice is never replaced by another one. All callers of a process share one instance (the CommonJS one, which the
 * native package extends), so the last call decides the current backend. Throws `BACKEND_UNKNOWN` and `BACKEND_MISSING`.
 */
export async function loadBackend(choice: BackendChoice = 'auto', options: BackendOptions = {}): Promise<Backend> {
  const threads = options.threads ?? availableParallelism();
  switch (choice) {
    case 'tensorflow': {
      const native = await loadNative(threads);
      if (native.backend) return native.backend;
      throw new SostenutoError({
        code: 'BACKEND_MISSING',
        what: 'The native TensorFlow backend cannot be loaded.',
        found: native.reasons.join('; ') || `no native addon in ${findNativePackages().join(' or ') || 'any package directory'}`,
        expected: 'the package @tensorflow/tfjs-node with its compiled addon',
        hint: 'run the set-up (npx sostenuto setup), or choose wasm or cpu',
      });
    }
    case 'wasm':
      return loadWasm(loadTf());
    case 'cpu':
      return loadCpu(loadTf());
    case 'auto':
      return (await loadNative(threads)).backend ?? (await loadWasm(loadTf()).catch(() => loadCpu(loadTf())));
    default:
      throw new SostenutoError({
        code: 'BACKEND_UNKNOWN',
        what: 'There is no such TensorFlow backend.',
        found: JSON.stringify(choice),
        expected: 'auto, tensorflow, wasm or cpu',
      });
  }
}

/** The ES module build would be a second instance beside the one that the native package requires. */
const loadTf = (): Tf => createRequire(import.meta.url)('@tensorflow/tfjs');

async function loadCpu(tf: Tf): Promise<Backend> {
  await tf.setBackend('cpu');
  return { name: 'cpu', tf, threads: 1, version: tf.version_core, flags: {} };
}

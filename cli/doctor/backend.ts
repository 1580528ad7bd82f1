import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { BackendName } from '../../models/backend/index.ts';
import type { Check } from './check.ts';

const execute = promisify(execFile);

export interface Measured {
  readonly name: BackendName;
  readonly version: string;
  readonly threads: number;
  /** Whether it is the library for graphics cards. */
  readonly forGpu: boolean;
  /** Where it is native: whether the fused kernels compute too, else why not. */
  readonly kernels?: string;
  readonly gflops: number;
}

/** Loads and times the backend in a process of its own: a wrong native library would take this one down. */
export async function measureBackend(choice: BackendName | undefined): Promise<Measured> {
  const probe = fileURLToPath(new URL('./backend-probe.ts', import.meta.url));
  // By URL: the name alone would be looked up from the working directory.
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const { stdout } = await execute(process.execPath, ['--import', loader, probe, choice ?? 'auto'], { timeout: 60_000 });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

/** Name and memory of each graphics card, as its driver says. Throws where there is no driver. */
async function listGpus(): Promise<string[]> {
  const { stdout } = await execute('nvidia-smi', ['--query-gpu=name,memory.total', '--format=csv,noheader'], { timeout: 10_000 });
  return stdout.trim().split('\n');
}

/** Which backend loads, on which device, and how many thousand million operations a second its matrix products reach. */
export async function checkBackend(choice: BackendName | undefined, measure = measureBackend, devices = listGpus): Promise<Check> {
  try {
    const { name, version, threads, forGpu, kernels, gflops } = await measure(choice);
    const cards = forGpu ? await devices().catch(() => []) : [];
    const device = forGpu ? cards.join('; ') || 'no graphics card found (nvidia-smi)' : `${threads} thread${threads === 1 ? '' : 's'}`;
    const found = [`${name} ${version}`, device, `${gflops} GFLOP/s`, ...(kernels === undefined ? [] : [kernels])].join(', ');
    if (forGpu && cards.length === 0) {
      return {
        name: 'TensorFlow',
        status: 'warn',
        found,
        fix: 'install the driver of the card, or remove @tensorflow/tfjs-node-gpu; then npx sostenuto setup --again',
      };
    }
    const isSlow = name !== 'tensorflow' && choice === undefined;
    return {
      name: 'TensorFlow',
      status: isSlow ? 'warn' : 'ok',
      found,
      fix: '`npx sostenuto setup --again` tries to get the native backend',
    };
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error && typeof error.stderr === 'string' ? error.stderr : String(error);
    const lines = said.split('\n').filter((line) => /Error|cannot|missing/i.test(line));
    return { name: 'TensorFlow', status: 'fail', found: lines[0]?.trim() ?? 'does not load', fix: 'npx sostenuto setup --again' };
  }
}

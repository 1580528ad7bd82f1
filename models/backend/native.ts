import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import util from 'node:util';
import { loadFusedKernels } from './fused/load.ts';
import type { Backend, Tf } from './types.ts';

const packageRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const names = ['tfjs-node-gpu', 'tfjs-node'];
/** What the set-up fetched and built. */
const toolsOf = (root: string): string => join(root, '.sostenuto');
const builtPackages = (root: string): string => join(toolsOf(root), 'tensorflow', 'node_modules');

/** Directories of native packages that hold a compiled addon: the published ones first, then the one that the set-up built. */
export function findNativePackages(root: string = packageRoot): string[] {
  const installed = createRequire(join(root, 'package.json')).resolve.paths('@tensorflow/tfjs-node') ?? [];
  const places = [...installed, builtPackages(root)];
  const directories = places.flatMap((place) => names.map((name) => join(place, '@tensorflow', name)));
  return directories.filter(hasAddon);
}

/** Asked before requiring: a package without its addon registers its kernels before it fails. */
function hasAddon(directory: string): boolean {
  const lib = join(directory, 'lib');
  return existsSync(lib) && readdirSync(lib).some((version) => existsSync(join(lib, version, 'tfjs_binding.node')));
}

let loaded: { readonly backend?: Backend; readonly reasons: readonly string[] } | undefined;

/** Loads the native backend once a process; TensorFlow reads its environment only then, so the number of threads is fixed from there on. */
export async function loadNative(threads: number): Promise<{ readonly backend?: Backend; readonly reasons: readonly string[] }> {
  loaded ??= requireNative(threads);
  if (loaded.backend) await loaded.backend.tf.setBackend('tensorflow');
  return loaded;
}

function requireNative(threads: number): { readonly backend?: Backend; readonly reasons: readonly string[] } {
  restoreRemovedNodeFunctions();
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';
  process.env.TF_NUM_INTRAOP_THREADS ??= String(threads);
  const reasons: string[] = [];
  for (const directory of findNativePackages()) {
    try {
      const tf: Tf = createRequire(import.meta.url)(directory);
      return { backend: describe(tf, directory), reasons };
    } catch (error) {
      reasons.push(`${directory}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { reasons };
}

function describe(tf: Tf, directory: string): Backend {
  // Compiled against the library of this package alone.
  const isFused = directory.startsWith(builtPackages(packageRoot)) && loadFusedKernels(toolsOf(packageRoot));
  const { binding } = tf.backend() as unknown as { binding: { TF_Version: string } }; // native backend only; not in the public types
  return {
    name: 'tensorflow',
    tf,
    threads: Number(process.env.TF_NUM_INTRAOP_THREADS),
    version: binding.TF_Version,
    flags: {
      package: directory.includes('tfjs-node-gpu') ? 'tfjs-node-gpu' : 'tfjs-node',
      oneDNN: process.env.TF_ENABLE_ONEDNN_OPTS ?? '1',
      kernels: isFused ? 'fused' : 'plain',
    },
  };
}

/** tfjs-node 4.22 calls two functions that Node 23 removed. */
function restoreRemovedNodeFunctions(): void {
  const target = util as unknown as Record<string, unknown>;
  target.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  target.isArray ??= Array.isArray;
}

/** The fused kernels: C++ of models/backend/fused, compiled for this processor against the TensorFlow library of the wheel. Without them, plain operations compute. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { kernelsPath, processorDigest, SOURCES_DIGEST } from '../../models/backend/fused/place.mjs';
import { share } from './cache.mjs';
import { reasonOf } from './choose.mjs';
import { CommandFailed, run } from './command.mjs';
import { partialName } from './lock.mjs';
import { builtPackage, compilerOf } from './tensorflow-build.mjs';
import { loadTensorflow } from './tensorflow-load.mjs';
import { wheelFolder } from './tensorflow-wheel.mjs';

/** @typedef {import('./types.d.ts').Setup} Setup */

// A slim build leaves out of kernels.h what would need headers that are not kept.
const FLAGS = [
  '-DIS_SLIM_BUILD',
  ...['-std=c++17', '-O3', '-march=native', '-fno-math-errno', '-ffp-contract=fast', '-fopenmp-simd'],
  ...['-fPIC', '-shared', '-pthread'],
];
/** From the place beside TensorFlow to the library; the copy that is loaded already has the same name and comes first. */
const RPATH = '-Wl,-rpath,$ORIGIN/../tensorflow/node_modules/@tensorflow/tfjs-node/deps/lib';

/** @param {string} root @returns {string[]} */
function sourcesIn(root) {
  const folder = join(root, 'models', 'backend', 'fused');
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names
    .filter((name) => /\.(cc|h)$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** Of names and content of the C++: what SOURCES_DIGEST must be. @param {string} root @returns {string} */
export function sourcesDigest(root) {
  const files = sourcesIn(root).map((path) => [basename(path), readFileSync(path, 'utf8')]);
  return createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16);
}

/** Where they are kept for all projects: named by all that they are made of. @param {Pick<Setup, 'root' | 'cache' | 'env' | 'signal'>} setup @returns {Promise<string>} */
export async function keptKernels({ root, cache, env, signal }) {
  const { stdout } = await run(needCompiler(env), ['--version'], { env, signal, seconds: 30 });
  const made = [sourcesDigest(root), FLAGS, RPATH, wheelFolder(''), stdout.split('\n', 1)[0], processorDigest()];
  return join(cache, `fused-kernels-${createHash('sha256').update(JSON.stringify(made)).digest('hex').slice(0, 16)}.node`);
}

/** @param {Setup['env']} env @returns {string} */
function needCompiler(env) {
  const compiler = compilerOf(env);
  if (!compiler) throw new Error('no C++ compiler (g++ or clang++) on PATH');
  return compiler;
}

/**
 * Gives the kernels their place, compiled only if the cache has none that load. Throws the reason why they cannot be had here.
 * @param {Setup} setup @returns {Promise<string>} their path
 */
export async function buildKernels(setup) {
  const { root, tools, tensorflow, signal } = setup;
  if (tensorflow?.package !== builtPackage(tools)) {
    throw new Error(
      `they need the TensorFlow that is built against the wheel; ${tensorflow?.backend ?? 'none'} ${tensorflow?.version ?? ''} was chosen`,
    );
  }
  if (!sourcesIn(root).some((path) => path.endsWith('.cc'))) throw new Error('there are no sources');
  const kept = await keptKernels(setup);
  const isKept = existsSync(kept);
  if (!isKept) await compile(setup, kept);
  const load = () => loadTensorflow(tensorflow.package ?? '', signal, [kept]);
  try {
    await load().catch(async (error) => {
      signal.throwIfAborted();
      if (!isKept) throw error;
      // Compiled on another machine that shares this cache, with a newer system library.
      await compile(setup, kept);
      await load();
    });
  } catch (error) {
    await rm(kept, { force: true });
    throw error;
  }
  const path = kernelsPath(tools, sourcesDigest(root));
  await share(kept, path);
  await removeOthers(path);
  return path;
}

/** @param {Setup} setup @param {string} target */
async function compile(setup, target) {
  const { root, cache, env, signal } = setup;
  const compiler = needCompiler(env);
  const wheel = wheelFolder(cache);
  const include = join(wheel, 'include');
  if (!existsSync(include)) throw new Error(`the headers of the wheel are not in ${wheel}`);
  setup.note(`compiling with ${compiler}`);
  const partial = partialName(target);
  const sources = sourcesIn(root).filter((path) => path.endsWith('.cc'));
  const libraries = [`-L${join(wheel, 'lib')}`, '-ltensorflow_framework', RPATH];
  try {
    await mkdir(cache, { recursive: true });
    await run(compiler, [...FLAGS, `-I${include}`, ...sources, '-o', partial, ...libraries], { signal, env });
    await rename(partial, target);
  } catch (error) {
    throw error instanceof CommandFailed ? new Error(firstError(error)) : error;
  } finally {
    await rm(partial, { force: true });
  }
}

/** A compiler says first what is wrong, and last what it thought about it. @param {CommandFailed} error @returns {string} */
const firstError = ({ output, message }) => output.split('\n').find((line) => /\berror:/.test(line)) ?? message;

/** Removes what was compiled from earlier sources; another processor's code of these sources stays. @param {string} path */
async function removeOthers(path) {
  const [prefix] = basename(path).match(/^fused-[0-9a-f]+-/) ?? [''];
  for (const name of await readdir(dirname(path))) if (!name.startsWith(prefix)) await rm(join(dirname(path), name), { force: true });
}

/** @type {import('./types.d.ts').Step} */
export const kernels = {
  name: 'kernels',
  title: 'fused kernels',
  key: ({ root, env, tensorflow }) => [
    sourcesDigest(root),
    SOURCES_DIGEST,
    FLAGS,
    wheelFolder(''),
    compilerOf(env),
    processorDigest(),
    tensorflow,
  ],
  run: async (setup) => {
    try {
      if (sourcesDigest(setup.root) !== SOURCES_DIGEST) throw new Error('the C++ changed: node scripts/kernel-sources.mjs');
      const path = await buildKernels(setup);
      return { found: 'compiled for this processor', where: path, files: [path], value: { use: 'fused', path } };
    } catch (error) {
      setup.signal.throwIfAborted();
      await rm(kernelsPath(setup.tools), { force: true });
      const reason = reasonOf(error);
      return { found: `plain operations: ${reason}`, value: { use: 'plain', reason } };
    }
  },
};

/** The addon of tfjs-node compiled against the TensorFlow library inside the Python wheel: same API, current library, no install script. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { share } from './cache.mjs';
import { run, which } from './command.mjs';
import { installedFolder } from './installed.mjs';
import { partialName } from './lock.mjs';
import { loadTensorflow } from './tensorflow-load.mjs';
import { fetchWheel, findPython, LIBRARIES, wheelFolder } from './tensorflow-wheel.mjs';

/** @typedef {import('./types.d.ts').Setup} Setup */

const FLAGS = ['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8'];

/** Where the built package lies. @param {string} tools @returns {string} */
export const builtPackage = (tools) => join(tools, 'tensorflow', 'node_modules', '@tensorflow', 'tfjs-node');

/** The C++ compiler: the one that is named, or on PATH. @param {Setup['env']} env @returns {string | undefined} */
export const compilerOf = (env) => env['CXX'] || which('g++', env) || which('clang++', env);

/** The npm package whose addon it is. @param {Pick<Setup, 'root'>} setup @returns {string} */
const sourceOf = ({ root }) => installedFolder(root, '@tensorflow/tfjs-node');

/**
 * Puts the package together from libraries and addon, each of them got only if the cache has none that fits; only a package that computes
 * gets its place. Throws the reason why it cannot be built here.
 * @param {Setup} setup
 * @returns {Promise<{ package: string, version: string }>}
 */
export async function buildTensorflow(setup) {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error(`no wheel for ${process.platform} ${process.arch}`);
  const addon = await addonPath(setup);
  const isKept = existsSync(addon);
  await getParts(setup, addon);
  try {
    return await putTogether(setup, addon);
  } catch (error) {
    setup.signal.throwIfAborted();
    if (!isKept) throw error;
    // Compiled on another machine that shares this cache, with a newer system library.
    await rm(addon, { force: true });
    await getParts(setup, addon);
    return putTogether(setup, addon);
  }
}

/** Where the addon is kept: named by all that it is made of. @param {Pick<Setup, 'root' | 'cache'>} setup @returns {Promise<string>} */
export async function addonPath(setup) {
  const headers = join(installedFolder(setup.root, 'node-api-headers'), 'package.json');
  if (!existsSync(headers)) throw new Error('the npm package node-api-headers is missing');
  const hash = createHash('sha256').update(JSON.stringify([wheelFolder(''), FLAGS, JSON.parse(await readFile(headers, 'utf8')).version]));
  for (const path of await filesOfBinding(sourceOf(setup))) hash.update(await readFile(path));
  return join(setup.cache, `tfjs-binding-${hash.digest('hex').slice(0, 16)}.node`);
}

/** @param {string} source @returns {Promise<string[]>} */
async function filesOfBinding(source) {
  const names = await readdir(join(source, 'binding'));
  return names.sort().map((name) => join(source, 'binding', name));
}

/** Downloads and compiles what the cache lacks; what that needs is looked for before anything is downloaded. @param {Setup} setup @param {string} addon */
async function getParts(setup, addon) {
  const compiler = compilerOf(setup.env);
  if (!existsSync(addon) && !compiler) throw new Error('no C++ compiler (g++ or clang++) on PATH');
  if (!existsSync(wheelFolder(setup.cache))) await fetchWheel(setup, await findPython(setup));
  if (!existsSync(addon) && compiler) await compile(setup, compiler, addon);
}

/** @param {Setup} setup @param {string} compiler @param {string} addon */
async function compile(setup, compiler, addon) {
  setup.note(`compiling the TensorFlow addon with ${compiler}`);
  const partial = partialName(addon);
  const wheel = wheelFolder(setup.cache);
  const sources = (await filesOfBinding(sourceOf(setup))).filter((path) => path.endsWith('.cc'));
  const headers = [join(installedFolder(setup.root, 'node-api-headers'), 'include'), join(wheel, 'include')].map((folder) => `-I${folder}`);
  const libraries = [`-L${join(wheel, 'lib')}`, '-ltensorflow', '-ltensorflow_framework', '-Wl,-rpath,$ORIGIN/../../deps/lib'];
  try {
    await run(compiler, [...FLAGS, ...headers, ...sources, '-o', partial, ...libraries], { signal: setup.signal, env: setup.env });
    await rename(partial, addon);
  } finally {
    await rm(partial, { force: true });
  }
}

/** @param {Setup} setup @param {string} addon @returns {Promise<{ package: string, version: string }>} */
async function putTogether(setup, addon) {
  const { tools, cache, signal } = setup;
  const folder = partialName(join(tools, 'tensorflow'));
  const target = join(folder, 'node_modules', '@tensorflow', 'tfjs-node');
  const source = sourceOf(setup);
  try {
    await cp(source, target, { recursive: true, filter: (path) => !['deps', 'lib'].some((name) => path === join(source, name)) });
    for (const [link, name] of Object.entries(LIBRARIES)) {
      await share(join(wheelFolder(cache), 'lib', name), join(target, 'deps', 'lib', name));
      await symlink(name, join(target, 'deps', 'lib', link));
    }
    await mkdir(join(target, 'lib', 'napi-v8'), { recursive: true });
    await copyFile(addon, join(target, 'lib', 'napi-v8', 'tfjs_binding.node'));
    const { version } = await loadTensorflow(target, signal);
    await rm(join(tools, 'tensorflow'), { recursive: true, force: true });
    await rename(folder, join(tools, 'tensorflow'));
    return { package: builtPackage(tools), version };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

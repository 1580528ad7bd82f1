/** The addon of tfjs-node compiled against the TensorFlow library inside the Python wheel: same API, current library, no install script. */
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, rename, rm, statfs, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { run, which } from './command.mjs';
import { partialName } from './lock.mjs';
import { loadTensorflow } from './tensorflow-load.mjs';

const WHEEL = 'tensorflow-cpu==2.21.0';
const PLATFORMS = ['manylinux_2_27_x86_64', 'manylinux_2_17_x86_64', 'manylinux2014_x86_64'];
const LIBRARIES = { 'libtensorflow.so': 'libtensorflow_cc.so.2', 'libtensorflow_framework.so': 'libtensorflow_framework.so.2' };
/** Wheel (0.27 GB), libraries (0.8 GB) and a stripped copy while they lie beside each other. */
const DISK_BYTES = 2.2e9;
const UNZIP = `
import sys, zipfile
wheel, folder, *prefixes = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if name.startswith(tuple(prefixes)):
            archive.extract(name, folder)
`;
const UNPACK = [
  ...Object.values(LIBRARIES).map((name) => `tensorflow/${name}`),
  ...['tensorflow/c/', 'tensorflow/core/platform/ctstring', 'xla/tsl/', 'tsl/'].map((path) => `tensorflow/include/${path}`),
];

/** Where the built package lies. @param {string} tools @returns {string} */
export const builtPackage = (tools) => join(tools, 'tensorflow', 'node_modules', '@tensorflow', 'tfjs-node');

/**
 * Downloads, compiles and tries the addon under a temporary name; only a package that computes gets its real one.
 * Throws the reason why it cannot be built here.
 * @param {import('./types.d.ts').Setup} setup
 * @returns {Promise<{ package: string, version: string }>}
 */
export async function buildTensorflow(setup) {
  const { root, tools, env, signal } = setup;
  const { python, compiler } = await needs(setup);
  const folder = partialName(join(tools, 'tensorflow'));
  const target = join(folder, 'node_modules', '@tensorflow', 'tfjs-node');
  const lib = join(target, 'deps', 'lib');
  const unpacked = join(folder, 'wheel');
  const options = { signal, env };
  try {
    await mkdir(lib, { recursive: true });
    const source = join(root, 'node_modules', '@tensorflow', 'tfjs-node');
    await cp(source, target, { recursive: true, filter: (path) => !['deps', 'lib'].some((name) => path === join(source, name)) });
    setup.note(`downloading the wheel ${WHEEL} (about 0.3 GB)`);
    const wheel = await downloadWheel(python, unpacked, options);
    setup.note(`compiling the TensorFlow addon with ${compiler}`);
    await run(python, ['-c', UNZIP, wheel, unpacked, ...UNPACK], options);
    for (const [link, name] of Object.entries(LIBRARIES)) {
      await rename(join(unpacked, 'tensorflow', name), join(lib, name));
      await symlink(name, join(lib, link));
    }
    await compile(
      compiler,
      target,
      join(unpacked, 'tensorflow', 'include'),
      join(root, 'node_modules', 'node-api-headers', 'include'),
      options,
    );
    const strip = which('strip', env);
    if (strip) await run(strip, ['--strip-unneeded', ...Object.values(LIBRARIES).map((name) => join(lib, name))], options);
    const { version } = await loadTensorflow(target, signal);
    await rm(unpacked, { recursive: true });
    await rm(join(tools, 'tensorflow'), { recursive: true, force: true });
    await rename(folder, join(tools, 'tensorflow'));
    return { package: builtPackage(tools), version };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What must be there before anything is downloaded. @param {import('./types.d.ts').Setup} setup @returns {Promise<{ python: string, compiler: string }>} */
async function needs({ root, tools, env, signal }) {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error(`no wheel for ${process.platform} ${process.arch}`);
  const compiler = env['CXX'] || which('g++', env) || which('clang++', env);
  if (!compiler) throw new Error('no C++ compiler (g++ or clang++) on PATH');
  const python = env['PYTHON'] || which('python3', env) || which('python', env);
  if (!python) throw new Error('no Python 3 on PATH');
  await run(python, ['-m', 'pip', '--version'], { env, signal, seconds: 30 });
  if (!existsSync(join(root, 'node_modules', 'node-api-headers'))) throw new Error('the npm package node-api-headers is missing');
  const { bavail, bsize } = await statfs(tools);
  if (bavail * bsize < DISK_BYTES) throw new Error(`needs ${DISK_BYTES / 1e9} GB of free disk, has ${((bavail * bsize) / 1e9).toFixed(1)}`);
  return { python, compiler };
}

/**
 * @param {string} python @param {string} folder
 * @param {{ signal: AbortSignal, env: Readonly<Record<string, string | undefined>> }} options
 * @returns {Promise<string>} path of the wheel
 */
async function downloadWheel(python, folder, options) {
  const platforms = PLATFORMS.flatMap((name) => ['--platform', name]);
  const patience = ['--timeout', '15', '--retries', '1', '--no-cache-dir', '--disable-pip-version-check', '--quiet'];
  const choice = ['--no-deps', '--only-binary=:all:', '--python-version', '3.11', ...platforms, WHEEL];
  await run(python, ['-m', 'pip', 'download', ...patience, '--dest', folder, ...choice], options);
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (!wheel) throw new Error('pip brought no wheel');
  return join(folder, wheel);
}

/**
 * @param {string} compiler @param {string} target @param {string} tensorflowHeaders @param {string} nodeHeaders
 * @param {{ signal: AbortSignal, env: Readonly<Record<string, string | undefined>> }} options
 */
async function compile(compiler, target, tensorflowHeaders, nodeHeaders, options) {
  const binding = join(target, 'binding');
  const sources = (await readdir(binding)).filter((name) => name.endsWith('.cc')).map((name) => join(binding, name));
  const output = join(target, 'lib', 'napi-v8');
  await mkdir(output, { recursive: true });
  const flags = ['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8', `-I${nodeHeaders}`, `-I${tensorflowHeaders}`];
  const libraries = [`-L${join(target, 'deps', 'lib')}`, '-ltensorflow', '-ltensorflow_framework', '-Wl,-rpath,$ORIGIN/../../deps/lib'];
  await run(compiler, [...flags, ...sources, '-o', join(output, 'tfjs_binding.node'), ...libraries], options);
}

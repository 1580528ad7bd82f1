/** The TensorFlow library out of the Python wheel, stripped, with the headers that its C interface needs. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, statfs, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pythonOf, run, which } from './command.mjs';
import { partialName } from './lock.mjs';

const WHEEL = 'tensorflow-cpu==2.21.0';
/** Of `tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl` as PyPI publishes it; pip compares. */
const SHA256 = '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c';
const PLATFORMS = ['manylinux_2_27_x86_64', 'manylinux_2_17_x86_64', 'manylinux2014_x86_64'];
/** Names under which a linker looks for the libraries, and their files. */
export const LIBRARIES = { 'libtensorflow.so': 'libtensorflow_cc.so.2', 'libtensorflow_framework.so': 'libtensorflow_framework.so.2' };
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

/** Where the libraries (`lib`) and headers (`include`) of the wheel are kept. @param {string} cache @returns {string} */
export const wheelFolder = (cache) => join(cache, `${WHEEL.replace('==', '-')}-${SHA256.slice(0, 16)}`);

/** What must be there before the wheel is downloaded. @param {import('./types.d.ts').Setup} setup @returns {Promise<string>} Python */
export async function findPython({ cache, env, signal }) {
  const python = pythonOf(env);
  await run(python, ['-m', 'pip', '--version'], { env, signal, seconds: 30 });
  await mkdir(cache, { recursive: true });
  const { bavail, bsize } = await statfs(cache);
  if (bavail * bsize < DISK_BYTES) throw new Error(`needs ${DISK_BYTES / 1e9} GB of free disk, has ${((bavail * bsize) / 1e9).toFixed(1)}`);
  return python;
}

/** Downloads and unpacks the wheel into its place in the cache, whole or not at all. @param {import('./types.d.ts').Setup} setup @param {string} python */
export async function fetchWheel({ cache, env, signal, note }, python) {
  const target = wheelFolder(cache);
  const folder = partialName(target);
  const options = { signal, env };
  try {
    note(`downloading the wheel ${WHEEL} (about 0.3 GB)`);
    const wheel = await download(python, join(folder, 'wheel'), options);
    await run(python, ['-c', UNZIP, wheel, join(folder, 'wheel'), ...UNPACK], options);
    const unpacked = join(folder, 'wheel', 'tensorflow');
    await mkdir(join(folder, 'lib'));
    for (const [link, name] of Object.entries(LIBRARIES)) {
      await rename(join(unpacked, name), join(folder, 'lib', name));
      await symlink(name, join(folder, 'lib', link));
    }
    await rename(join(unpacked, 'include'), join(folder, 'include'));
    const strip = which('strip', env);
    if (strip) await run(strip, ['--strip-unneeded', ...Object.values(LIBRARIES).map((name) => join(folder, 'lib', name))], options);
    await rm(join(folder, 'wheel'), { recursive: true });
    if (!existsSync(target)) await rename(folder, target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} python @param {string} folder
 * @param {{ signal: AbortSignal, env: Readonly<Record<string, string | undefined>> }} options
 * @returns {Promise<string>} path of the wheel
 */
async function download(python, folder, options) {
  await mkdir(folder, { recursive: true });
  const list = join(folder, 'wheel.txt'); // pip takes digests from a file only
  await writeFile(list, `${WHEEL} --hash=sha256:${SHA256}\n`);
  const platforms = PLATFORMS.flatMap((name) => ['--platform', name]);
  const patience = ['--timeout', '15', '--retries', '1', '--no-cache-dir', '--disable-pip-version-check', '--quiet'];
  const choice = ['--no-deps', '--only-binary=:all:', '--python-version', '3.11', ...platforms, '--require-hashes', '-r', list];
  await run(python, ['-m', 'pip', 'download', ...patience, '--dest', folder, ...choice], options);
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (!wheel) throw new Error('pip brought no wheel');
  return join(folder, wheel);
}

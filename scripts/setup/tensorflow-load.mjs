/** Whether a tfjs-node package loads and computes, tried in a process of its own: a wrong binary may crash it. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.mjs';

// tfjs-node 4.22 calls two functions of node:util that Node 23 removed.
const PROBE = `
const util = require('node:util');
util.isNullOrUndefined ??= (value) => value == null;
util.isArray ??= Array.isArray;
const [folder, ...addons] = process.argv.slice(1);
const tf = require(folder);
for (const addon of addons) require(addon);
const [sum] = tf.matMul(tf.ones([1, 64]), tf.ones([64, 1])).dataSync();
if (sum !== 64) throw new Error('a matrix product came out as ' + sum);
const { binding, isUsingGpuDevice } = tf.backend();
console.log('probe ' + JSON.stringify({ version: binding.TF_Version, gpu: Boolean(isUsingGpuDevice) }));
`;

/** The compiled addon of a package folder, if it is there. @param {string} folder @returns {string | undefined} */
export function addonOf(folder) {
  const lib = join(folder, 'lib');
  if (!existsSync(lib)) return undefined;
  return readdirSync(lib)
    .map((name) => join(lib, name, 'tfjs_binding.node'))
    .find(existsSync);
}

/**
 * Loads the package, then the addons that add to it, multiplies two matrices, and returns the version of its TensorFlow library.
 * @param {string} folder @param {AbortSignal} [signal] @param {readonly string[]} [addons]
 * @returns {Promise<{ version: string, gpu: boolean }>}
 */
export async function loadTensorflow(folder, signal, addons = []) {
  if (!existsSync(folder)) throw new Error('not installed');
  if (!addonOf(folder)) throw new Error('its binary is missing (install scripts are off)');
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' };
  const { stdout } = await run(process.execPath, ['-e', PROBE, folder, ...addons], { seconds: 60, env, ...(signal && { signal }) });
  const line = stdout.split('\n').find((text) => text.startsWith('probe '));
  if (!line) throw new Error('it printed nothing');
  return JSON.parse(line.slice('probe '.length));
}

/** The backend that trains and samples: native TensorFlow where it can be had, else WebAssembly. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { firstThatWorks, NothingWorks } from './choose.mjs';
import { which } from './command.mjs';
import { installedFolder } from './installed.mjs';
import { buildTensorflow, builtPackage } from './tensorflow-build.mjs';
import { addonOf, loadTensorflow } from './tensorflow-load.mjs';

/** @typedef {Omit<import('./types.d.ts').TensorflowChoice, 'source'>} Backend */

/**
 * What the choice asks the outside world.
 * @typedef {object} Probes
 * @property {(folder: string) => Promise<{ version: string }>} load
 * @property {() => Promise<{ package: string, version: string }>} build
 * @property {(name: string) => string} versionOf of an npm package
 */

/**
 * In the order in which they are tried. `wanted` (`wasm` or `cpu`) leaves out the native ones.
 * @param {{ root: string, tools: string, wanted: string | undefined }} place
 * @param {Probes} probes
 * @returns {import('./types.d.ts').Candidate<Backend>[]}
 */
export function tensorflowCandidates({ root, tools, wanted }, probes) {
  /** @param {string} folder @returns {Promise<Backend>} */
  const native = async (folder) => ({ backend: 'tensorflow', package: folder, version: (await probes.load(folder)).version });
  const installed = (/** @type {string} */ name) => installedFolder(root, `@tensorflow/${name}`);
  /** @type {import('./types.d.ts').Candidate<Backend>[]} */
  const natives = [
    { source: '@tensorflow/tfjs-node-gpu', attempt: () => native(installed('tfjs-node-gpu')) },
    { source: '@tensorflow/tfjs-node', attempt: () => native(installed('tfjs-node')) },
    { source: 'addon in .sostenuto', attempt: () => native(builtPackage(tools)) },
    { source: 'addon built against the wheel', attempt: async () => ({ backend: 'tensorflow', ...(await probes.build()) }) },
  ];
  const plain = (/** @type {'wasm' | 'cpu'} */ backend) => ({
    source: wanted === backend ? 'SOSTENUTO_BACKEND' : 'npm package',
    attempt: async () => ({ backend, version: probes.versionOf(`@tensorflow/tfjs-backend-${backend}`) }),
  });
  if (wanted === 'cpu') return [plain('cpu')];
  if (wanted === 'wasm') return [plain('wasm')];
  return [...natives, plain('wasm'), plain('cpu')];
}

/** @type {import('./types.d.ts').Step} */
export const tensorflow = {
  name: 'tensorflow',
  title: 'TensorFlow',
  // A compiler or Python that came later is worth another try.
  key: ({ env }) => [
    env['SOSTENUTO_BACKEND'],
    process.platform,
    process.arch,
    which('g++', env),
    which('clang++', env),
    which('python3', env),
  ],
  run: async (setup) => {
    const { root, tools, env, signal } = setup;
    const wanted = env['SOSTENUTO_BACKEND'];
    if (wanted && !['tensorflow', 'wasm', 'cpu'].includes(wanted)) {
      throw new Error(`SOSTENUTO_BACKEND is ${wanted}; allowed are tensorflow, wasm, cpu`);
    }
    const candidates = tensorflowCandidates(
      { root, tools, wanted },
      {
        load: (folder) => loadTensorflow(folder, signal),
        build: () => buildTensorflow(setup),
        versionOf: (name) => JSON.parse(readFileSync(join(installedFolder(root, name), 'package.json'), 'utf8')).version,
      },
    );
    const { source, value, tried } = await firstThatWorks(candidates, signal).catch((error) => {
      throw error instanceof NothingWorks ? new NothingWorks('no TensorFlow backend loads, not even WebAssembly', error.tried) : error;
    });
    if (wanted === 'tensorflow' && value.backend !== 'tensorflow')
      throw new NothingWorks('SOSTENUTO_BACKEND is tensorflow, but it cannot be had here', tried);
    const addon = value.package && addonOf(value.package);
    return {
      found: `${value.backend} ${value.version}, ${source}${value.backend === 'tensorflow' || wanted ? '' : ' (far slower than native; npx sostenuto setup --again tries anew)'}`,
      ...(value.package ? { where: value.package } : {}),
      tried,
      value: { source, ...value },
      files: addon ? [addon] : [],
    };
  },
};

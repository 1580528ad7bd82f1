import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nativeBackend } from '../../models/backend/compile/native-backend.ts';
import { kernelsPath } from '../../models/backend/fused/place.mjs';
import { loadBackend } from '../../models/backend/index.ts';
import { cache, kernels, type Setup, tensorflowBuild, tensorflowWheel } from './modules.ts';

const here = fileURLToPath(new URL('../..', import.meta.url));
const ownTools = join(here, '.sostenuto');
const ownCache = cache.cacheFolder(process.env, ownTools);
const canCompile = existsSync(tensorflowBuild.builtPackage(ownTools)) && existsSync(join(tensorflowWheel.wheelFolder(ownCache), 'include'));

let root: string;
let setup: Setup;
let notes: string[];
let sources: string;
/** A package with a TensorFlow that was built against the wheel, and a cache that has that wheel. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'setup-kernels-'));
  notes = [];
  sources = join(root, 'models', 'backend', 'fused');
  const tools = join(root, '.sostenuto');
  for (const folder of [sources, tools, join(root, 'cache')]) mkdirSync(folder, { recursive: true });
  setup = {
    root,
    tools,
    cache: join(root, 'cache'),
    env: process.env,
    signal: new AbortController().signal,
    needsTool: false,
    tensorflow: { backend: 'tensorflow', source: 'addon in .sostenuto', version: '2.21.0', package: tensorflowBuild.builtPackage(tools) },
    note: (line) => notes.push(line),
  };
});
afterEach(() => rmSync(root, { recursive: true }));

describe('fused kernels are passed over', () => {
  const source = () => writeFileSync(join(sources, 'a.cc'), 'int a;');

  test.each([
    [
      'another TensorFlow was chosen',
      (): Partial<Setup> => ({ tensorflow: { backend: 'wasm', source: 'npm package', version: '4.22.0' } }),
      'wasm 4.22.0 was chosen',
    ],
    ['there is no compiler', (): Partial<Setup> => ({ env: { PATH: '' } }), 'no C++ compiler'],
    ['the headers are gone', (): Partial<Setup> => ({}), 'the headers of the wheel are not in'],
  ])('where %s', async (_, changes, reason) => {
    source();
    await expect(kernels.buildKernels({ ...setup, ...changes() })).rejects.toThrow(reason);
  });

  test('where there are no sources', async () => {
    await expect(kernels.buildKernels(setup)).rejects.toThrow('there are no sources');
  });

  test('with the reason, and the set-up goes on; older ones are not used in their place', async () => {
    source();
    mkdirSync(join(setup.tools, 'kernels'));
    writeFileSync(kernelsPath(setup.tools), 'of the sources before');
    expect(await kernels.kernels.run(setup)).toEqual({
      found: 'plain operations: the C++ changed: node scripts/kernel-sources.mjs',
      value: { use: 'plain', reason: 'the C++ changed: node scripts/kernel-sources.mjs' },
    });
    expect(readdirSync(join(setup.tools, 'kernels'))).toEqual([]);
  });
});

describe('what they depend on', () => {
  test('is the content of every source and header, its name, and the chosen TensorFlow, not other files', () => {
    const digests = [kernels.sourcesDigest(root)];
    for (const [name, text] of [
      ['a.cc', 'int a;'],
      ['a.cc', 'int b;'],
      ['a.h', ''],
    ] as const) {
      writeFileSync(join(sources, name), text);
      digests.push(kernels.sourcesDigest(root));
    }
    expect(new Set(digests).size).toBe(4);
    writeFileSync(join(sources, 'load.ts'), '');
    expect(kernels.sourcesDigest(root)).toBe(digests.at(-1));
    const { tensorflow: _, ...without } = setup;
    expect(kernels.kernels.key(without)).not.toEqual(kernels.kernels.key(setup));
  });
});

describe.runIf(canCompile)('compiled C++ [optional: needs the headers of the wheel]', () => {
  beforeEach(() => {
    symlinkSync(join(ownTools, 'tensorflow'), join(setup.tools, 'tensorflow'));
    const wheel = tensorflowWheel.wheelFolder('');
    symlinkSync(join(ownCache, wheel), join(setup.cache, wheel));
  });
  const entry = (body: string) =>
    writeFileSync(join(sources, 'a.cc'), `extern "C" void* napi_register_module_v1(void*, void* exports) { ${body} }`);

  test('gives TensorFlow an operation, and is compiled once', async () => {
    copyFileSync(join(here, 'test/setup/fixtures/twice.cc'), join(sources, 'twice.cc'));
    const path = await kernels.buildKernels(setup);
    expect(path).toBe(kernelsPath(setup.tools, kernels.sourcesDigest(root)));
    const { tf } = await loadBackend('tensorflow');
    createRequire(import.meta.url)(path);
    const backend = nativeBackend(tf);
    const [output] = backend?.binding.executeOp('TestTwice', [], backend.getInputTensorIds([tf.tensor([1, 2, 3])]), 1) ?? [];
    expect(output && [...(backend?.createOutputTensor(output).dataSync() ?? [])]).toEqual([2, 4, 6]);
    expect(notes).toHaveLength(1);
    rmSync(path);
    writeFileSync(join(setup.tools, 'kernels', 'fused-00aa-11bb.node'), 'of earlier sources');
    expect(await kernels.buildKernels(setup)).toBe(path);
    expect(notes).toHaveLength(1);
    expect(readdirSync(join(setup.tools, 'kernels'))).toEqual([basename(path)]);
  });

  test('is refused with the first error of the compiler', async () => {
    entry('return nothing;');
    await expect(kernels.buildKernels(setup)).rejects.toThrow(/a\.cc:1:\d+: error: .*nothing/);
  });

  test('that ends the process when it loads gets no place, and is not kept', async () => {
    entry('__builtin_trap();');
    await expect(kernels.buildKernels(setup)).rejects.toThrow(/ended with SIG/);
    expect(existsSync(await kernels.keptKernels(setup))).toBe(false);
    expect(existsSync(kernelsPath(setup.tools, kernels.sourcesDigest(root)))).toBe(false);
  });

  test('is compiled anew where what the cache has does not load', async () => {
    entry('return exports;');
    writeFileSync(await kernels.keptKernels(setup), 'made elsewhere');
    expect(existsSync(await kernels.buildKernels(setup))).toBe(true);
    expect(notes).toHaveLength(1);
  });
});

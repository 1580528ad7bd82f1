import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NetworkConfig } from '../../models/network/config.ts';
import { initialParameters, type NamedArray, parameterShapes } from '../../models/network/parameters.ts';
import { readFloats, storeFloats, writeSafetensors } from '../../models/tensor/safetensors.ts';
import { normal } from '../../numeric/random.ts';

/** A network and a batch, as every row of a bench gets them, in whatever language. */
export interface BenchCase {
  readonly network: NetworkConfig;
  readonly clips: number;
  readonly frames: number;
  /** Of training. */
  readonly rate: number;
  readonly clipNorm: number;
  /** Of sampling. */
  readonly strength: number;
  readonly steps: number;
}

const TEXT_TOKENS = 16;
const COMMON = { kernel: 31, feedForwardMultiple: 4, softClamp: 50, registers: 8, positions: 1024 };
/** The method's audio stream alone, large enough that products of matrices dominate. */
export const AUDIO_256: NetworkConfig = {
  ...COMMON,
  depth: 6,
  latentChannels: 128,
  audio: { width: 256, heads: 8, headWidth: 32 },
  text: { width: 256 },
};
/** The audio stream at the paper's widths, with two of its twelve layers. */
export const AUDIO_1024: NetworkConfig = {
  ...COMMON,
  depth: 2,
  registers: 32,
  latentChannels: 128,
  audio: { width: 1024, heads: 16, headWidth: 64 },
  text: { width: 1024 },
};
/** The demo's sizes, all three streams. */
export const DEMO_JOINT: NetworkConfig = {
  ...COMMON,
  depth: 4,
  latentChannels: 32,
  audio: { width: 128, heads: 4, headWidth: 32 },
  text: { width: 128 },
  video: { width: 96, heads: 4, headWidth: 24 },
  extra: { width: 64, heads: 4, headWidth: 16, keys: 51 },
};

export const benchCase = (network: NetworkConfig, clips: number, frames: number): BenchCase => ({
  network,
  clips,
  frames,
  rate: 1e-4,
  clipNorm: 1,
  strength: 2,
  steps: 64,
});

/** Writes `case.json`, `weights.safetensors` and `batch.safetensors`. Weights that training begins at a constant are moved from it, so that every part counts. */
export async function writeCase(folder: string, bench: BenchCase): Promise<void> {
  const { network, clips, frames } = bench;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'case.json'), JSON.stringify(bench));
  const shapes = parameterShapes(network);
  const weights = [...initialParameters(shapes, 1)].map(([name, { shape, data }]): [string, NamedArray] => {
    if (shapes.get(name)?.initial.kind !== 'constant') return [name, { shape, data }];
    const noise = normal({ seed: 2, purpose: name }, data.length);
    return [name, { shape, data: data.map((value, i) => value + 0.02 * (noise[i] ?? 0)) }];
  });
  const random = (purpose: string, ...shape: number[]): [string, NamedArray] => {
    const count = shape.reduce((product, side) => product * side, 1);
    return [purpose, { shape, data: normal({ seed: 3, purpose }, count) }];
  };
  const given = (name: string, data: Float32Array, ...shape: number[]): [string, NamedArray] => [name, { shape, data }];
  const batch = [
    random('latents', clips, frames, network.latentChannels),
    random('noise', clips, frames, network.latentChannels),
    given(
      'times',
      Float32Array.from({ length: clips }, (_, i) => (i + 0.5) / clips),
      clips,
    ),
    random('text', clips, TEXT_TOKENS, network.text.width),
    given('textMask', new Float32Array(clips * TEXT_TOKENS).fill(1), clips, TEXT_TOKENS),
    ...(network.video ? [random('video', clips, frames, network.video.width)] : []),
    ...(network.extra ? [random('roll', clips, frames, network.extra.keys)] : []),
  ];
  const write = (name: string, arrays: readonly [string, NamedArray][]) =>
    writeSafetensors(join(folder, name), new Map(arrays.map(([key, { shape, data }]) => [key, storeFloats(data, shape)])));
  await write('weights.safetensors', weights);
  await write('batch.safetensors', batch);
}

export async function readCase(folder: string) {
  const bench: BenchCase = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8'));
  const { tensors: weights } = await readFloats(join(folder, 'weights.safetensors'));
  const { tensors: batch } = await readFloats(join(folder, 'batch.safetensors'));
  return { bench, weights, batch };
}

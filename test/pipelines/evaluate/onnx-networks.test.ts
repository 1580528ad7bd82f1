import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openShard } from '../../../datasets/features/sequence-shard.ts';
import { loadBackend, type Tf } from '../../../models/backend/index.ts';
import { normal } from '../../../numeric/random.ts';
import { resample } from '../../../numeric/resample.ts';
import { givenListeners } from '../../../pipelines/evaluate/evaluate/listeners.ts';
import { OnnxGraph } from '../../models/encoders/onnx/graph.ts';

const folder = mkdtempSync(join(tmpdir(), 'sostenuto-listeners-'));
afterAll(() => rmSync(folder, { recursive: true }));
let tf: Tf;
beforeAll(async () => {
  ({ tf } = await loadBackend());
});

const VGGISH = join(import.meta.dirname, '../../fixtures/metrics/tiny_scoring_nets/vggish_tiny.safetensors');
const sampleRate = 24_000;
const samples = normal({ seed: 1, purpose: 'sound' }, 3 * sampleRate).map((value) => 0.1 * value);

/** What a network hears in one sound, or why it cannot. */
async function heard(name: 'vggish' | 'passt' | 'clap', path: string): Promise<Float32Array> {
  const directory = mkdtempSync(join(folder, 'heard-'));
  const { listeners, absent } = await givenListeners({ tf, directory }, { [name]: path });
  const lack = absent.get(name);
  if (lack) throw new Error(lack.reason);
  for (const listener of listeners) {
    await listener.hear('sound', { samples, sampleRate }, false);
    await listener.close();
  }
  const shard = openShard({ arrow: join(directory, `${name}.arrow`), index: join(directory, `${name}.json`) });
  const rows = Float32Array.from(shard.read('sound'));
  shard.close();
  return rows;
}

/** VGGish as torch exports it: log-mels [n,1,96,64]. */
function vggishGraph(): string {
  const graph = new OnnxGraph(VGGISH, basename(VGGISH));
  const named = (name: string) => [graph.weight(`${name}.weight`), graph.weight(`${name}.bias`)];
  let x = graph.input('log_mel', 'float', ['n', 1, 96, 64]);
  for (const [layer, isPooled] of [
    [0, true],
    [3, true],
    [6, false],
    [8, true],
    [11, false],
    [13, true],
  ] as const) {
    x = graph.op('Relu', [graph.op('Conv', [x, ...named(`features.${layer}`)], { pads: [1, 1, 1, 1] })]);
    if (isPooled) x = graph.op('MaxPool', [x], { kernel_shape: [2, 2], strides: [2, 2] });
  }
  x = graph.op('Flatten', [graph.op('Transpose', [x], { perm: [0, 2, 3, 1] })]);
  const linear = (layer: number, input: string) => graph.op('Gemm', [input, ...named(`embeddings.${layer}`)], { transB: 1 });
  const hidden = graph.op('Relu', [linear(2, graph.op('Relu', [linear(0, x)]))]);
  graph.output('embedding', linear(4, hidden), ['n', 'width']);
  copyFileSync(VGGISH, join(folder, basename(VGGISH)));
  return write(graph, 'vggish.onnx');
}

/** A network over a waveform whose embedding can be told by hand: mean size and mean power. */
function loudness(length: number | string, channels: readonly number[] = []): string {
  const graph = new OnnxGraph();
  const wave = graph.input('wave', 'float', [1, ...channels, length]);
  const flat = graph.op('Reshape', [wave, graph.ints([1, -1])]);
  const over = { axes: [1], keepdims: 1 };
  const size = graph.op('ReduceMean', [graph.op('Abs', [flat])], over);
  const power = graph.op('ReduceMean', [graph.op('Mul', [flat, flat])], over);
  graph.output('embedding', graph.op('Concat', [size, power], { axis: 1 }), [1, 2]);
  return write(graph, `loudness-${length}-${channels.length}.onnx`);
}
function write(graph: OnnxGraph, name: string): string {
  const path = join(folder, name);
  graph.write(path);
  return path;
}

const meanOf = (values: ArrayLike<number>, of: (value: number) => number): number =>
  Array.from(values).reduce((sum, value) => sum + of(value), 0) / values.length;

describe('a scoring network in an ONNX file', () => {
  it('that is VGGish gives what its weights give', async () => {
    const [own, other] = [await heard('vggish', VGGISH), await heard('vggish', vggishGraph())];
    expect(other).toHaveLength(3 * 16);
    other.forEach((value, at) => {
      expect(Math.abs(value - (own[at] ?? Number.NaN))).toBeLessThan(1e-4);
    });
  });

  it.each([
    ['passt', 32_000],
    ['clap', 48_000],
  ] as const)('that is %s hears the sound at %i Hz, a row a clip', async (name, rate) => {
    const wave = resample(samples, sampleRate, rate);
    for (const channels of [[], [1]]) {
      const [size, power] = await heard(name, loudness('samples', channels));
      expect(size).toBeCloseTo(meanOf(wave, Math.abs), 5);
      expect(power).toBeCloseTo(
        meanOf(wave, (value) => value * value),
        5,
      );
    }
  });

  it('of a fixed length hears one piece after the other, the last one filled with silence', async () => {
    const wave = resample(samples, sampleRate, 32_000);
    const [size] = await heard('passt', loudness(40_000));
    expect(size).toBeCloseTo((meanOf(wave, Math.abs) * wave.length) / 120_000, 5);
  });

  it('that is damaged, or takes something else than sound, is named as absent', async () => {
    const damaged = join(folder, 'damaged.onnx');
    writeFileSync(damaged, 'not a model');
    await expect(heard('passt', damaged)).rejects.toThrow(/passt: This ONNX file cannot be used here/);
    await expect(heard('clap', vggishGraph())).rejects.toThrow(/clap: This ONNX file is no network for sounds/);
    await expect(heard('vggish', loudness('samples'))).rejects.toThrow(/vggish: This ONNX file is no network for sounds/);
  });
});

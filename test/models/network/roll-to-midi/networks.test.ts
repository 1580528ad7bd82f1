import { describe, expect, it } from 'vitest';
import { type BackendName, compile, loadBackend, type Tensor, type Tf } from '../../../../models/backend/index.ts';
import { findNativePackages } from '../../../../models/backend/native.ts';
import { convolution } from '../../../../models/network/image-convolution.ts';
import { countParameters, initialParameters } from '../../../../models/network/parameters.ts';
import { AUDEO_ROLL_TO_MIDI } from '../../../../models/network/roll-to-midi/config.ts';
import { judgePatches } from '../../../../models/network/roll-to-midi/discriminator.ts';
import { drawDropout } from '../../../../models/network/roll-to-midi/dropout.ts';
import { generateRoll } from '../../../../models/network/roll-to-midi/generator.ts';
import { rollToMidiShapes } from '../../../../models/network/roll-to-midi/shapes.ts';
import { discriminatorObjective, generatorObjective } from '../../../../models/objectives/roll-to-midi.ts';
import { normal, uniform } from '../../../../numeric/random.ts';
import { againstDifferences, type Leaves } from '../../objectives/gradient-step.ts';
import { distance } from '../distance.ts';
import { maxDifference } from '../fixture.ts';

const backends: BackendName[] = findNativePackages().length > 0 ? ['tensorflow', 'wasm', 'cpu'] : ['wasm', 'cpu'];
const small = { baseWidth: 4 };
const [BATCH, KEYS, FRAMES] = [1, 17, 24];

/** Larger than at the beginning, so that gradients reach everything. */
const values = new Map(
  [...initialParameters(rollToMidiShapes(small), 5)].map(([name, { shape, data }]) => [
    name,
    { shape, data: data.map((value) => (name.includes('running') || value === 1 ? value : value * 2)) },
  ]),
);
const weightsOf = (tf: Tf) => new Map([...values].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]));
const draw = (purpose: string, count: number) => Float32Array.from(uniform({ seed: 6, purpose }, count));

function batchOf(tf: Tf) {
  const masks = drawDropout(small, { batch: BATCH, keys: KEYS, frames: FRAMES, seed: 6, step: 0 });
  const rolls = (purpose: string) => tf.tensor3d(draw(purpose, BATCH * KEYS * FRAMES), [BATCH, KEYS, FRAMES]);
  return {
    ...Object.fromEntries([...masks].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])])),
    roll: rolls('roll'),
    target: tf.cast(tf.greater(rolls('target'), 0.8), 'float32') as Tensor,
  };
}

describe('the weights of Audeo’s networks', () => {
  const shapes = rollToMidiShapes(AUDEO_ROLL_TO_MIDI);
  it('have its names and sizes', () => {
    expect(shapes.get('generator.up2.model.0.weight')?.shape).toEqual([1024 + 512, 256, 3, 3]);
    expect(shapes.get('generator.conv1d.weight')?.shape).toEqual([1, 80, 1, 1]);
    expect(shapes.get('generator.down1.model.1.weight')).toBeUndefined();
    expect(shapes.get('discriminator.model.11.weight')?.shape).toEqual([1, 512, 3, 3]);
  });
  it('are as many as its layers say', () => {
    const down = [1, 64, 128, 256, 512, 1024, 1024];
    const up: [number, number][] = [
      [1024, 512],
      [1536, 256],
      [768, 128],
      [384, 64],
      [192, 16],
    ];
    const kernels =
      9 * down.slice(1).reduce((sum, width, i) => sum + width * (down[i] ?? 0), 0) + 9 * up.reduce((sum, [a, b]) => sum + a * b, 0);
    const norms = 2 * (128 + 256 + 512 + 1024 + 1024 + 512 + 256 + 128 + 64 + 16);
    const discriminator = 9 * (64 + 64 * 128 + 128 * 256 + 256 * 512 + 512) + 64 + 128 + 256 + 512 + 1;
    expect(countParameters(shapes)).toBe(kernels + norms + 81 + discriminator);
  });
  it('are refused for a width that cannot be halved twice', () => {
    expect(() => rollToMidiShapes({ baseWidth: 6 })).toThrow(expect.objectContaining({ code: 'NETWORK_CONFIG' }));
  });
});

describe('dropout', () => {
  it('keeps half of the outputs, doubled, anew at every step', () => {
    const at = (step: number) => drawDropout(small, { batch: 2, keys: 5, frames: 50, seed: 1, step });
    expect([...at(0)].map(([, { shape }]) => shape[3])).toEqual([16, 32, 64, 64, 32, 16, 8]);
    for (const [name, { data }] of at(0)) {
      expect(new Set(data)).toEqual(new Set([0, 2]));
      expect(data.reduce((sum, value) => sum + value, 0) / data.length, name).toBeCloseTo(1, 1);
      expect(at(0).get(name)?.data).toEqual(data);
      expect(at(1).get(name)?.data).not.toEqual(data);
    }
  });
});

describe('the objectives', () => {
  it('have the gradients of finite differences', async () => {
    const { tf } = await loadBackend(backends[0]);
    const [weights, batch] = [weightsOf(tf), batchOf(tf)];
    const leaves = (names: readonly string[]): Leaves => new Map(names.map((name) => [name, weights.get(name) as Tensor]));
    const ofGenerator = leaves([
      'generator.up1.model.0.weight',
      'generator.up5.model.1.bias',
      'generator.conv1d.weight',
      'generator.down6.model.1.weight',
    ]);
    const generator = (given: Leaves) => tf.mul(generatorObjective(tf, small, new Map([...weights, ...given]), batch).loss, 30);
    expect(againstDifferences(tf, ofGenerator, generator, 3e-3)).toBeLessThan(1e-2);
    const ofDiscriminator = leaves(['discriminator.model.5.weight', 'discriminator.model.8.weight', 'discriminator.model.11.bias']);
    const discriminator = (given: Leaves) => discriminatorObjective(tf, small, new Map([...weights, ...given]), batch).loss;
    expect(againstDifferences(tf, ofDiscriminator, discriminator, 3e-3)).toBeLessThan(1e-2);
  });
});

const reference = new Map<string, ArrayLike<number>>();

describe.each(backends)('on %s', (backend) => {
  it('a transposed convolution is the gradient of a convolution', async () => {
    const { tf } = await loadBackend(backend);
    const [kernel, y] = [
      tf.tensor4d(normal({ seed: 1, purpose: 'w' }, 2 * 3 * 9), [2, 3, 3, 3]),
      tf.tensor4d(draw('y', 5 * 6 * 2), [1, 5, 6, 2]),
    ];
    const probe = (x: Tensor) => tf.sum(tf.mul(convolution(tf, x, kernel, { padding: 1 }), y)).asScalar();
    const gradient = tf.grad(probe)(tf.zeros([1, 5, 6, 3]));
    const found = convolution(tf, y, kernel, { padding: 1, transposed: true });
    expect(maxDifference(found, { shape: gradient.shape, data: gradient.dataSync() })).toBeLessThan(1e-5);
  });

  it('the generator keeps the grid and stays within 0 … 1; its norms follow the batch only in training', async () => {
    const { tf } = await loadBackend(backend);
    const { roll } = batchOf(tf);
    const trained = generateRoll(tf, small, weightsOf(tf), roll, { training: true });
    expect(trained.roll.shape).toEqual([BATCH, KEYS, FRAMES]);
    expect(tf.max(tf.abs(tf.sub(trained.roll, 0.5))).dataSync()[0]).toBeLessThan(0.5);
    expect(Object.keys(trained.buffers)).toHaveLength(20);
    const used = generateRoll(tf, small, weightsOf(tf), roll, { training: false });
    expect(used.buffers).toEqual({});
    expect(maxDifference(used.roll, { shape: used.roll.shape, data: trained.roll.dataSync() })).toBeGreaterThan(1e-4);
  });

  it('the discriminator judges patches of eight, by torch’s rounding', async () => {
    const { tf } = await loadBackend(backend);
    const patches = (keys: number, frames: number) => judgePatches(tf, small, weightsOf(tf), tf.zeros([1, keys, frames])).shape;
    expect(patches(51, 100)).toEqual([1, 7, 13]);
    expect(patches(KEYS, FRAMES)).toEqual([1, 3, 3]);
  });

  it('both objectives give what they give elsewhere, with gradients, at once and compiled', async () => {
    const { tf } = await loadBackend(backend);
    const [weights, batch] = [weightsOf(tf), batchOf(tf)];
    for (const [part, objective] of Object.entries({ generator: generatorObjective, discriminator: discriminatorObjective })) {
      const names = [...weights.keys()].filter((name) => name.startsWith(part) && !name.includes('running'));
      const step = (leaves: readonly Tensor[]) => {
        const own = (given: readonly Tensor[]) => new Map([...weights, ...names.map((name, i) => [name, given[i] as Tensor] as const)]);
        const { value, grads } = tf.valueAndGrads((...given) => objective(tf, small, own(given), batch).loss.asScalar())([...leaves]);
        return [value, ...grads];
      };
      const leaves = names.map((name) => weights.get(name) as Tensor);
      const eager = tf.tidy(() => step(leaves)).map((tensor) => tensor.dataSync());
      const compiled = compile(tf, step);
      const atOnce = backend === 'tensorflow' ? compiled.call(leaves).map((tensor) => tensor.dataSync()) : eager;
      for (const [i, name] of [part, ...names].entries()) {
        const expected = reference.get(name) ?? eager[i] ?? [];
        reference.set(name, expected);
        if (/^discriminator.model.[258].bias$/.test(name)) {
          expect(Math.max(...(eager[i] ?? [])), 'instance norm takes these away').toBeLessThan(1e-4);
          continue;
        }
        expect(distance(atOnce[i], eager[i]), name).toBeLessThan(1e-4);
        expect(distance(eager[i], expected), name).toBeLessThan(1e-3);
      }
      compiled.dispose();
    }
  });

  it('dropout is heard', async () => {
    const { tf } = await loadBackend(backend);
    const { roll, target, ...masks } = batchOf(tf);
    const loss = (dropout: typeof masks) => generatorObjective(tf, small, weightsOf(tf), { roll, target, ...dropout }).loss.dataSync()[0];
    expect(loss(masks)).not.toBe(loss({}));
  });
});

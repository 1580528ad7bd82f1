import { describe, expect, test } from 'vitest';
import { loadBackend, type Tensor, type Tf } from '../../../models/backend/index.ts';
import { codecLoss, weightVector } from '../../../models/codec/losses.ts';
import { fourierFilter, magnitudes } from '../../../models/codec/spectra.ts';
import { normal } from '../../../numeric/random.ts';
import { TINY_RESOLUTIONS, tone } from './tiny.ts';

const weights = { magnitude: 1, logMagnitude: 1, decibel: 0.1, latent: 0.5 };

const lossOf = (tf: Tf) => {
  const loss = codecLoss(tf, TINY_RESOLUTIONS);
  return (target: Tensor, output: Tensor, latents: Tensor) => loss(target, output, latents, tf.tensor1d(weightVector(weights)));
};

test('a full-scale sine on a bin has magnitude 1 there and none two bins away', async () => {
  const { tf } = await loadBackend('cpu');
  tf.tidy(() => {
    const resolution = { window: 64, hop: 16, bins: 33 };
    const sine = tf.tensor2d(
      Float32Array.from({ length: 200 }, (_, i) => Math.sin((2 * Math.PI * 5 * i) / 64)),
      [1, 200],
    );
    const found = magnitudes(tf, sine, resolution, fourierFilter(tf, resolution));
    expect(found.shape).toEqual([1, 1, 9, 33]);
    const frame = Array.from(found.slice([0, 0, 3, 0], [1, 1, 1, 33]).dataSync());
    expect(frame[5]).toBeCloseTo(1, 4);
    expect(frame[7]).toBeCloseTo(0, 4);
  });
});

describe('the loss', () => {
  test('is lowest for the target itself and grows with the error', async () => {
    const { tf } = await loadBackend('cpu');
    const loss = lossOf(tf);
    tf.tidy(() => {
      const target = tf.tensor2d(tone(100, 320, 1600), [1, 320]);
      const noise = tf.tensor2d(normal({ seed: 3, purpose: 'noise' }, 320), [1, 320]);
      const latents = tf.tensor3d(normal({ seed: 4, purpose: 'latents' }, 160), [1, 20, 8]);
      const at = (amount: number): number => loss(target, tf.add(target, tf.mul(noise, amount)), latents).total.dataSync()[0] ?? Number.NaN;
      expect(at(0)).toBeLessThan(at(0.01));
      expect(at(0.01)).toBeLessThan(at(0.1));
    });
  });

  test('hears a change of the magnitudes that leaves the waveform error as it is', async () => {
    const { tf } = await loadBackend('cpu');
    const loss = lossOf(tf);
    tf.tidy(() => {
      const target = tf.tensor2d(tone(100, 320, 1600), [1, 320]);
      const latents = tf.tensor3d(normal({ seed: 4, purpose: 'latents' }, 160), [1, 20, 8]);
      const [silent, flipped] = [loss(target, tf.zerosLike(target), latents), loss(target, tf.neg(target), latents)];
      expect(silent.magnitude.dataSync()[0]).toBeGreaterThan(0.9);
      expect(flipped.magnitude.dataSync()[0]).toBeCloseTo(0, 5);
      expect(flipped.decibel.dataSync()[0]).toBeGreaterThan(silent.decibel.dataSync()[0] ?? 0);
    });
  });

  test('draws the latents of every channel towards mean 0 and deviation 1', async () => {
    const { tf } = await loadBackend('cpu');
    const loss = lossOf(tf);
    tf.tidy(() => {
      const target = tf.zeros([1, 320]);
      const latents = tf.tensor3d(normal({ seed: 4, purpose: 'latents' }, 8000), [1, 1000, 8]);
      const of = (z: Tensor): number => loss(target, target, z).latent.dataSync()[0] ?? Number.NaN;
      expect(of(latents)).toBeLessThan(0.01);
      expect(of(latents.mul(3))).toBeGreaterThan(1);
      expect(of(latents.mul(0.1))).toBeGreaterThan(1);
      expect(of(latents.add(2))).toBeGreaterThan(1);
    });
  });

  test.each(['wasm', 'cpu'] as const)('has the gradient of finite differences on %s', async (name) => {
    const { tf } = await loadBackend(name);
    const loss = lossOf(tf);
    tf.tidy(() => {
      const target = tf.tensor2d(tone(100, 320, 1600), [1, 320]);
      const output = tf.add(tf.mul(target, 0.6), tf.mul(tf.tensor2d(normal({ seed: 3, purpose: 'noise' }, 320), [1, 320]), 0.3));
      const latents = tf.tensor3d(normal({ seed: 4, purpose: 'latents' }, 160), [1, 20, 8]);
      const value = (x: Tensor, z: Tensor): Tensor => loss(target, x, z).total;
      const [dx, dz] = tf.grads((x: Tensor, z: Tensor) => value(x, z).asScalar())([output, latents]) as [Tensor, Tensor];
      for (const seed of [10, 11, 12]) {
        const u = tf.tensor2d(normal({ seed, purpose: 'direction' }, 320), [1, 320]);
        const w = tf.tensor3d(normal({ seed, purpose: 'direction-z' }, 160), [1, 20, 8]);
        const h = 1e-3;
        const at = (s: number): number => value(tf.add(output, tf.mul(u, s)), tf.add(latents, tf.mul(w, s))).dataSync()[0] ?? Number.NaN;
        const numeric = (at(h) - at(-h)) / (2 * h);
        const exact = tf.add(tf.sum(tf.mul(dx, u)), tf.sum(tf.mul(dz, w))).dataSync()[0] ?? Number.NaN;
        expect(Math.abs(numeric - exact)).toBeLessThan(0.02 * Math.abs(exact) + 5e-3);
        expect(Math.abs(numeric - 1.5 * exact)).toBeGreaterThan(0.02 * Math.abs(exact) + 5e-3);
      }
    });
  });

  test('stays finite, with its gradient, for silence', async () => {
    const { tf } = await loadBackend('cpu');
    const loss = lossOf(tf);
    tf.tidy(() => {
      const silence = tf.zeros([1, 320]);
      const gradient = tf.grad((x: Tensor) => loss(silence, x, tf.zeros([1, 20, 8])).total)(silence);
      expect(Array.from(gradient.dataSync()).every(Number.isFinite)).toBe(true);
    });
  });
});

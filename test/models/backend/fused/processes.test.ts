import { describe, expect, it } from 'vitest';
import { FUSED_SHAPES } from '../../../../models/backend/fused/shapes.ts';
import { perform, performElsewhere } from './child.ts';
import { farthest, loadNative, type Values } from './draw.ts';
import { networkStep } from './network-step.ts';

const { tf, isFused } = await loadNative();

describe.skipIf(!isFused)('the bits of a fused kernel', () => {
  it('depend neither on the number of threads nor on how often it runs', async () => {
    const counts = ['1', '3'];
    const elsewhere = await Promise.all(counts.map((count) => performElsewhere('digests', { TF_NUM_INTRAOP_THREADS: count })));
    expect(elsewhere.map(({ threads }) => threads)).toEqual([1, 3]);
    const { result } = await perform('digests');
    for (const answer of [...elsewhere, await perform('digests')]) expect(answer.result).toEqual(result);
    // What differs has another digest.
    expect(Object.keys(result)).toEqual(Object.keys(FUSED_SHAPES));
    const digests = Object.values(result).flat();
    expect(new Set(digests).size).toBe(digests.length);
  });
});

describe.skipIf(!isFused)('a small network of three streams', () => {
  it('has the loss and the gradients by fused kernels that it has by TensorFlow’s own', async () => {
    const plain = await performElsewhere('network', { SOSTENUTO_KERNELS: 'plain' });
    expect(plain.isFused).toBe(false);
    const worst = (found: ReadonlyMap<string, Values>) => {
      expect([...found.keys()]).toEqual(Object.keys(plain.result));
      const distances = Object.entries(plain.result).map(([name, { shape, data }]) =>
        farthest(found.get(name) as Values, { shape, data: Float32Array.from(data) }, 1e-3),
      );
      return distances.reduce((most, distance) => Math.max(most, distance), 0);
    };
    expect(worst(networkStep(tf))).toBeLessThan(1e-5);
    expect(worst(networkStep(tf, 0.2001))).toBeGreaterThan(1e-4);
  });
});

import { beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../models/backend/index.ts';
import { geglu } from '../../../models/network/feed-forward.ts';
import { linear } from '../../../models/network/linear.ts';
import { gatedResidual } from '../../../models/network/modulation.ts';
import { rmsNorm } from '../../../models/network/norm.ts';
import { silu } from '../../../models/network/silu.ts';
import type { Tensor, Tf } from '../../../models/network/tensor-types.ts';
import { normal } from '../../../numeric/random.ts';

let tf: Tf;
beforeAll(async () => {
  tf = (await loadBackend('cpu')).tf;
});

const draw = (name: string, shape: number[]) =>
  tf.tensor(
    normal(
      { seed: 4, purpose: name },
      shape.reduce((a, b) => a * b, 1),
    ),
    shape,
  );

/** Largest difference between the written gradients and central differences of Σ y·probe. */
function againstDifferences(inputs: Tensor[], forward: (...inputs: Tensor[]) => Tensor): number {
  const probe = draw('probe', forward(...inputs).shape);
  const loss = (given: Tensor[]) => tf.sum(tf.mul(forward(...given), probe));
  const gradients = tf.grads((...given) => loss(given))(inputs);
  let worst = 0;
  inputs.forEach((input, which) => {
    const written = gradients[which]?.dataSync() ?? [];
    const values = Float32Array.from(input.dataSync());
    const h = 1e-2;
    for (let i = 0; i < Math.min(values.length, 12); i++) {
      const at = (offset: number) => {
        const moved = values.slice();
        moved[i] = (moved[i] ?? 0) + offset;
        return loss(inputs.map((tensor, k) => (k === which ? tf.tensor(moved, tensor.shape) : tensor))).dataSync()[0] ?? 0;
      };
      worst = Math.max(worst, Math.abs((at(h) - at(-h)) / (2 * h) - (written[i] ?? Number.NaN)));
    }
  });
  return worst;
}

describe('written gradients agree with finite differences', () => {
  it.each<[string, number[][], (...inputs: Tensor[]) => Tensor]>([
    ['linear with bias', [[2, 3, 4], [5, 4], [5]], (x, w, b) => linear(tf, x, w as Tensor, b)],
    [
      'linear of rows',
      [
        [6, 4],
        [5, 4],
      ],
      (x, w) => linear(tf, x, w as Tensor),
    ],
    ['SiLU with bias', [[2, 3, 4], [4]], (x, b) => silu(tf, x, b)],
    ['GEGLU', [[2, 3, 8]], (x) => geglu(tf, x)],
    ['RMSNorm', [[2, 3, 4], [4]], (x, g) => rmsNorm(tf, x, g as Tensor)],
    [
      'adaptive RMSNorm',
      [
        [2, 3, 4],
        [2, 1, 4],
      ],
      (x, g) => rmsNorm(tf, x, g as Tensor),
    ],
    [
      'gated residual',
      [
        [2, 3, 4],
        [2, 1, 4],
        [2, 3, 4],
      ],
      (h, g, y) => gatedResidual(tf, h, g as Tensor, y as Tensor),
    ],
  ])('%s', (_, shapes, forward) => {
    expect(
      againstDifferences(
        shapes.map((shape, i) => draw(`input ${i}`, shape)),
        forward as never,
      ),
    ).toBeLessThan(2e-3);
  });

  it('and the check turns red for a wrong one', () => {
    const wrong = (x: Tensor) => tf.customGrad((x) => ({ value: tf.square(x as Tensor), gradFunc: (dy) => tf.mul(dy, 3) }))(x);
    expect(againstDifferences([draw('x', [3])], wrong)).toBeGreaterThan(0.1);
  });
});

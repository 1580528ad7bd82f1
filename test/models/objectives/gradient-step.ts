import { expect } from 'vitest';
import { compile, type Tensor, type TensorFunction, type Tf } from '../../../models/backend/index.ts';
import type { Stored } from '../../parity/stored-tensors.ts';

export type Leaves = ReadonlyMap<string, Tensor>;
export interface GradientStep {
  readonly loss: number;
  gradient(name: string): Tensor;
}

/** What a function gives, after its compiled graph has been seen to give the same. */
export function alikeWhenCompiled(tf: Tf, inputs: readonly Tensor[], run: TensorFunction, within = 2e-6): readonly Tensor[] {
  const eager = tf.tidy(() => [...run(inputs)]);
  const compiled = compile(tf, run);
  for (const [i, found] of compiled.call(inputs).entries()) {
    const expected = eager[i] as Tensor;
    const scale = Math.max(1, tf.max(tf.abs(expected)).dataSync()[0] ?? 1);
    expect(tf.max(tf.abs(tf.sub(found, expected))).dataSync()[0], `output ${i}`).toBeLessThan(within * scale);
  }
  compiled.dispose();
  return eager;
}

/** A loss and its gradients by every leaf; computed at once and as a compiled graph, which have to agree. */
export function gradientStep(tf: Tf, leaves: Leaves, loss: (leaves: Leaves) => Tensor, within?: number): GradientStep {
  const names = [...leaves.keys()];
  const step = (inputs: readonly Tensor[]) => {
    const named = (values: readonly Tensor[]) => new Map(names.map((name, i) => [name, values[i] as Tensor]));
    const { value, grads } = tf.valueAndGrads((...values: Tensor[]) => loss(named(values)).asScalar())([...inputs]);
    return [value, ...grads];
  };
  const eager = alikeWhenCompiled(tf, [...leaves.values()], step, within);
  return { loss: eager[0]?.dataSync()[0] ?? Number.NaN, gradient: (name) => eager[names.indexOf(name) + 1] as Tensor };
}

/** Largest difference between the gradients and central differences, over the first elements of every leaf. */
export function againstDifferences(tf: Tf, leaves: Leaves, loss: (leaves: Leaves) => Tensor, h = 1e-2, within?: number): number {
  const step = gradientStep(tf, leaves, loss, within);
  let worst = 0;
  for (const [name, leaf] of leaves) {
    const values = Float32Array.from(leaf.dataSync());
    const written = step.gradient(name).dataSync();
    for (let i = 0; i < Math.min(values.length, 8); i++) {
      const moved = (offset: number) => {
        const copy = values.map((value, k) => (k === i ? value + offset : value));
        return tf.tidy(() => loss(new Map([...leaves, [name, tf.tensor(copy, leaf.shape)]])).dataSync()[0] ?? Number.NaN);
      };
      const difference = Math.abs((moved(h) - moved(-h)) / (2 * h) - (written[i] ?? Number.NaN));
      if (!(difference <= worst)) worst = difference;
    }
  }
  return worst;
}

/** What rounding leaves of a gradient that is 0, such as a critic's last bias under CLUB: no relative tolerance fits it. */
const ROUNDING = 1e-6;

/** Whether a gradient has the stored sum and norm: the tolerances of the fixtures. */
export function expectStatistics(gradient: Tensor, { data }: Stored, name: string): void {
  const values = gradient.dataSync<'float32'>();
  const [sum, norm] = [values.reduce((a, b) => a + b, 0), Math.sqrt(values.reduce((a, b) => a + b * b, 0))];
  const [wantedSum = Number.NaN, wantedNorm = Number.NaN] = data;
  const zero = wantedNorm < ROUNDING ? ROUNDING : 0;
  expect(Math.abs(norm - wantedNorm), `norm of ${name}`).toBeLessThanOrEqual(1e-4 * wantedNorm + zero);
  expect(Math.abs(sum - wantedSum), `sum of ${name}`).toBeLessThanOrEqual(1e-4 * wantedNorm * Math.sqrt(values.length) + zero);
}

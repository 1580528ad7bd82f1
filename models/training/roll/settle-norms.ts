import { compileNamed, type NamedTensors } from '../../backend/index.ts';
import type { Tf, Weights } from '../../network/tensor-types.ts';
import { type NamedArrays, toTensor } from '../state.ts';

/** A tenth of each batch enters an estimate: after so many, less than a twentieth is left of what was there. */
const PASSES = 30;
const WEIGHT = 'weight/';

/**
 * The running estimates of batch norms that belong to weights which no longer move. Those of training follow weights that do, some steps
 * behind, and belong to no average of them ("precise" estimates: Wu & Johnson 2021, arXiv 2105.07576).
 * @param pass the new estimates by name after a batch, from all `weights` and the batch alone
 * @param batchAt batch i, which is disposed afterwards
 * @returns `weights` with the new estimates
 */
export async function settleNorms<Batch extends NamedTensors>(
  tf: Tf,
  weights: NamedArrays,
  pass: (weights: Weights, batch: Batch) => NamedTensors,
  batchAt: (index: number) => Batch | Promise<Batch>,
): Promise<NamedArrays> {
  const compiled = compileNamed(tf, (inputs) => {
    const [own, batch]: [[string, NamedTensors[string]][], Record<string, NamedTensors[string]>] = [[], {}];
    for (const [name, tensor] of Object.entries(inputs)) {
      if (name.startsWith(WEIGHT)) own.push([name.slice(WEIGHT.length), tensor]);
      else batch[name] = tensor;
    }
    return pass(new Map(own), batch as Batch);
  });
  const held = Object.fromEntries([...weights].map(([name, array]) => [WEIGHT + name, toTensor(tf, array)]));
  const settled = new Map(weights);
  try {
    for (let index = 0; index < PASSES; index++) {
      const batch = await batchAt(index);
      for (const [name, estimate] of Object.entries(compiled.call({ ...held, ...batch }))) {
        tf.dispose(held[WEIGHT + name] ?? []);
        held[WEIGHT + name] = estimate;
        if (index === PASSES - 1) settled.set(name, { shape: estimate.shape, data: await estimate.data<'float32'>() });
      }
      tf.dispose(batch);
    }
  } finally {
    tf.dispose(held);
    compiled.dispose();
  }
  return settled;
}

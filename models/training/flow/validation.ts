import { compileNamed, type NamedTensors } from '../../backend/index.ts';
import type { Tf, Weights } from '../../network/tensor-types.ts';
import { type FlowBatch, type FlowSource, flowBatch } from './batch.ts';
import { flowLossAtRest } from './objective.ts';

const NO_DROPOUT = { text: 0, video: 0, textOfVideo: 0 };
const SEED = 0;
const WEIGHT = 'weight/';

/**
 * Flow-matching loss with all conditions on, at times spread evenly over (0,1) and with the noise of a fixed seed,
 * so that values of different steps and runs compare.
 */
export function flowValidation(tf: Tf, given: FlowSource, batches: number) {
  const { contrast: _, preference: __, ...stage } = given.stage; // noise of each clip's own, whatever the stage shares
  const source = { ...given, stage, seed: SEED, draws: { times: 'uniform' as const, dropout: NO_DROPOUT } };
  const compiled = compileNamed(tf, (inputs) => {
    const entries = Object.entries(inputs);
    const weights = new Map(entries.flatMap(([name, w]) => (name.startsWith(WEIGHT) ? [[name.slice(WEIGHT.length), w]] : [])));
    return { loss: flowLossAtRest(tf, source.network, stage, weights, inputs as NamedTensors & FlowBatch) };
  });
  return {
    async run(weights: Weights): Promise<number> {
      const { dataset } = source;
      let sum = 0;
      for (let i = 0; i < batches; i++) {
        const { times: drawn, ...batch } = flowBatch(tf, source, await dataset.batchAt(i), i);
        const spread = Float32Array.from(
          { length: dataset.batch },
          (_, clip) => (i * dataset.batch + clip + 0.5) / (batches * dataset.batch),
        );
        const times = tf.tensor1d(spread);
        const { loss } = compiled.call({ ...Object.fromEntries([...weights].map(([name, w]) => [WEIGHT + name, w])), ...batch, times });
        sum += loss?.dataSync()[0] ?? Number.NaN;
        tf.dispose([drawn, times, batch, ...(loss ? [loss] : [])]);
      }
      return sum / batches;
    },
    dispose: compiled.dispose,
  };
}

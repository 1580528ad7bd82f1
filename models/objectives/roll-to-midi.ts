import type { RollToMidiConfig } from '../network/roll-to-midi/config.ts';
import { judgePatches } from '../network/roll-to-midi/discriminator.ts';
import { generateRoll } from '../network/roll-to-midi/generator.ts';
import type { Tensor, Tf, Weights } from '../network/tensor-types.ts';

/** Predicted and played rolls [B,keys,frames], 0 … 1, and the step's dropout masks by their names. */
export type RollToMidiBatch = Readonly<Record<string, Tensor>> & { readonly roll: Tensor; readonly target: Tensor };

/** Shares of the two parts of the generator's loss. */
const ADVERSARIAL = 0.001;
const RECONSTRUCTION = 0.999;

const meanSquare = (tf: Tf, x: Tensor, wanted: Tensor | number) => tf.mean(tf.square(tf.sub(x, wanted)));

/** The generator's objective: squared distance to the played roll, and patches that the discriminator takes for played. */
export function generatorObjective(tf: Tf, config: RollToMidiConfig, weights: Weights, batch: RollToMidiBatch) {
  const { roll, buffers } = generateRoll(tf, config, weights, batch.roll, { training: true, dropout: batch });
  const error = meanSquare(tf, roll, batch.target);
  const adversarial = meanSquare(tf, judgePatches(tf, config, weights, roll), 1);
  return { loss: tf.add(tf.mul(adversarial, ADVERSARIAL), tf.mul(error, RECONSTRUCTION)), watched: { error, adversarial }, buffers };
}

/** The discriminator's objective: patches of played rolls to 1, of those that the generator makes in this step to 0. Leaves the generator as it is. */
export function discriminatorObjective(tf: Tf, config: RollToMidiConfig, weights: Weights, batch: RollToMidiBatch) {
  const { roll } = generateRoll(tf, config, weights, batch.roll, { training: true, dropout: batch });
  const played = meanSquare(tf, judgePatches(tf, config, weights, batch.target), 1);
  const generated = meanSquare(tf, judgePatches(tf, config, weights, roll), 0);
  return { loss: tf.mul(tf.add(played, generated), 0.5), watched: { played, generated } };
}

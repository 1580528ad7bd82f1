import { SostenutoError } from '../../errors/problem.ts';
import { compileNamed } from '../backend/index.ts';
import { steadyRoll } from '../network/roll-to-midi/generator.ts';
import { turnedWindow, windowStarts } from '../network/roll-to-midi/windows.ts';
import type { Tensor, Tf } from '../network/tensor-types.ts';
import type { RollToMidiModelConfig } from '../training/roll-to-midi/model-files.ts';
import type { NamedArrays } from '../training/state.ts';
import { heldWeights, weightsAmong } from './held-weights.ts';

/**
 * What sounds by a trained corrector, 0 or 1, from predicted rolls [frames,keys] of any length, 25 frames a second. It reads windows as long as in
 * training, one after the other (Audeo); the last one ends with the roll, where Audeo drops an incomplete one. Throws `NETWORK_INPUT`.
 */
export function steadyRolls(
  tf: Tf,
  { network, keys, frames }: Pick<RollToMidiModelConfig, 'network' | 'keys' | 'frames'>,
  weights: NamedArrays,
  rolls: readonly Float32Array[],
): Float32Array[] {
  const held = heldWeights(tf, weights);
  const compiled = compileNamed(tf, ({ window, ...inputs }) => {
    return { found: tf.transpose(steadyRoll(tf, network, weightsAmong(inputs), window as Tensor), [0, 2, 1]) };
  });
  try {
    return rolls.map((roll) => {
      if (roll.length % keys !== 0) throw notOfKeys(roll, keys);
      const steady = new Float32Array(roll.length);
      for (const from of windowStarts(roll.length / keys, frames, frames)) {
        const window = tf.tensor(turnedWindow(roll, keys, from, frames), [1, keys, frames]);
        const { found } = compiled.call({ ...held, window });
        steady.set(found?.dataSync<'float32'>().subarray(0, roll.length - from * keys) ?? [], from * keys);
        tf.dispose([window, ...(found ? [found] : [])]);
      }
      return steady;
    });
  } finally {
    compiled.dispose();
    tf.dispose(held);
  }
}

const notOfKeys = (roll: Float32Array, keys: number) =>
  new SostenutoError({
    code: 'NETWORK_INPUT',
    what: 'The roll corrector cannot read this roll.',
    found: `${roll.length} values`,
    expected: `frames of ${keys} keys, as in its training`,
  });

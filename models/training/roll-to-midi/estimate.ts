import { countParameters } from '../../network/parameters.ts';
import { generatorParts, type RollToMidiConfig } from '../../network/roll-to-midi/config.ts';
import { rollToMidiShapes } from '../../network/roll-to-midi/shapes.ts';

const FLOAT = 4;
/** Of a library that is loaded, before any work. */
const PROCESS = 0.6e9;
/** Values that an output of the generator leaves behind: convolved, normed, activated, dropped, the mask, and two copies where it is read across. */
const KEPT = 7;

/** What a training costs before it is run, by the shapes alone; windows [batch,keys,frames]. `memory`: bytes at the peak of a step. */
export function estimateRollToMidi(network: RollToMidiConfig, { batch, keys, frames }: { batch: number; keys: number; frames: number }) {
  const parameters = countParameters(rollToMidiShapes(network));
  const { down, up } = generatorParts(network);
  const outputs = [...down, ...up].reduce((sum, part) => sum + part.outputs, 0);
  // Gradients and two moments, twice while an update makes new ones.
  return { parameters, trained: parameters, memory: PROCESS + FLOAT * (6 * parameters + batch * keys * frames * outputs * KEPT) };
}

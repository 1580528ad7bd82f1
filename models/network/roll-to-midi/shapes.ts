import { convolutionShapes, normShapes } from '../image-shapes.ts';
import type { Initial, ParameterShape } from '../parameters.ts';
import {
  checkRollToMidi,
  DISCRIMINATOR_OUTPUT,
  discriminatorParts,
  GENERATOR_OUTPUT,
  generatorParts,
  type RollToMidiConfig,
} from './config.ts';

/** Audeo's 0.02 at its width; the same gain of each layer at others, where sums have fewer terms. */
const beginning = ({ baseWidth }: RollToMidiConfig): Initial => ({ kind: 'normal', deviation: 0.02 * Math.sqrt(64 / baseWidth) });

/**
 * Every weight of generator and discriminator by Audeo's names behind `generator.` and `discriminator.`, in torch's shapes (the way up has
 * transposed kernels [in,out,3,3]), with its beginning; allocates nothing. Throws `NETWORK_CONFIG`.
 */
export function rollToMidiShapes(config: RollToMidiConfig): Map<string, ParameterShape> {
  checkRollToMidi(config);
  const initial = beginning(config);
  const { down, up, last } = generatorParts(config);
  const discriminator = discriminatorParts(config);
  return new Map([
    ...down.flatMap(({ name, inputs, outputs }, i) => [
      ...convolutionShapes(`${name}.0`, inputs, outputs, 3, initial),
      ...(i > 0 ? normShapes(`${name}.1`, outputs) : []),
    ]),
    ...up.flatMap(({ name, inputs, outputs }) => [
      ...convolutionShapes(`${name}.0`, outputs, inputs, 3, initial),
      ...normShapes(`${name}.1`, outputs),
    ]),
    ...convolutionShapes(GENERATOR_OUTPUT, last, 1, 1, initial, true),
    ...discriminator.flatMap(({ name, inputs, outputs }) => convolutionShapes(name, inputs, outputs, 3, initial, true)),
    ...convolutionShapes(DISCRIMINATOR_OUTPUT, discriminator.at(-1)?.outputs ?? 0, 1, 3, initial, true),
  ]);
}

import { SostenutoError } from '../../../errors/problem.ts';

/** Sizes of Audeo's Roll2Midi (Su et al. 2020), which takes the flicker out of predicted rolls. */
export interface RollToMidiConfig {
  /** Channels of the first layers, 64 in Audeo; a multiple of 4. */
  readonly baseWidth: number;
}
export const AUDEO_ROLL_TO_MIDI: RollToMidiConfig = { baseWidth: 64 };

/** Throws `NETWORK_CONFIG`. */
export function checkRollToMidi({ baseWidth }: RollToMidiConfig): void {
  if (Number.isInteger(baseWidth) && baseWidth > 0 && baseWidth % 4 === 0) return;
  throw new SostenutoError({
    code: 'NETWORK_CONFIG',
    what: 'The roll corrector cannot be built with this baseWidth.',
    where: 'baseWidth',
    found: String(baseWidth),
    expected: 'a multiple of 4 above 0',
  });
}

export interface GeneratorPart {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly dropout: boolean;
}

/** The generator's way down and up, all without a stride. A part of the way up reads the one before and the output of its opposite on the way down. */
export function generatorParts({ baseWidth }: RollToMidiConfig): { down: GeneratorPart[]; up: GeneratorPart[]; last: number } {
  const down: GeneratorPart[] = [];
  const up: GeneratorPart[] = [];
  let inputs = 1;
  for (const [i, multiple] of [1, 2, 4, 8, 16, 16].entries()) {
    down.push({ name: `generator.down${i + 1}.model`, inputs, outputs: multiple * baseWidth, dropout: i >= 2 });
    inputs = multiple * baseWidth;
  }
  for (const [i, multiple] of [8, 4, 2, 1, 1 / 4].entries()) {
    up.push({ name: `generator.up${i + 1}.model`, inputs, outputs: multiple * baseWidth, dropout: i < 3 });
    inputs = multiple * baseWidth + (down[4 - i]?.outputs ?? 0);
  }
  return { down, up, last: inputs };
}

export interface DiscriminatorPart {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly stride: 1 | 2;
  /** Whether instance norm follows. */
  readonly normalised: boolean;
}

/** The discriminator's convolutions, numbered as in torch's sequence, where norms and activations count too. */
export const discriminatorParts = ({ baseWidth: w }: RollToMidiConfig): readonly DiscriminatorPart[] => [
  { name: 'discriminator.model.0', inputs: 1, outputs: w, stride: 2, normalised: false },
  { name: 'discriminator.model.2', inputs: w, outputs: 2 * w, stride: 2, normalised: true },
  { name: 'discriminator.model.5', inputs: 2 * w, outputs: 4 * w, stride: 2, normalised: true },
  { name: 'discriminator.model.8', inputs: 4 * w, outputs: 8 * w, stride: 1, normalised: true },
];
export const DISCRIMINATOR_OUTPUT = 'discriminator.model.11';
export const GENERATOR_OUTPUT = 'generator.conv1d';

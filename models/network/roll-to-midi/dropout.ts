import { fillBits } from '../../../numeric/random.ts';
import type { NamedArray } from '../parameters.ts';
import type { Tensor } from '../tensor-types.ts';
import { type GeneratorPart, generatorParts, type RollToMidiConfig } from './config.ts';

/** By `maskName`: 2 where an output stays, 0 where it is dropped; [B,keys,frames,channels]. */
export type DropoutMasks = Readonly<Record<string, Tensor>>;
export const maskName = (part: GeneratorPart): string => `dropout/${part.name}`;

/** Masks of a step, by the address (seed, `maskName`, step): half of the outputs of each part that has dropout stay, doubled. */
export function drawDropout(
  config: RollToMidiConfig,
  { batch, keys, frames, seed, step }: { batch: number; keys: number; frames: number; seed: number; step: number },
): Map<string, NamedArray> {
  const { down, up } = generatorParts(config);
  const parts = [...down, ...up].filter(({ dropout }) => dropout);
  return new Map(
    parts.map((part): [string, NamedArray] => {
      const shape = [batch, keys, frames, part.outputs];
      const count = batch * keys * frames * part.outputs;
      const bits = fillBits({ seed, purpose: maskName(part), step }, new Uint32Array(Math.ceil(count / 32)));
      const data = new Float32Array(count);
      // `Float32Array.from` with a function takes longer than the network.
      for (let i = 0; i < count; i++) data[i] = (((bits[i >>> 5] ?? 0) >>> (i & 31)) & 1) * 2;
      return [maskName(part), { shape, data }];
    }),
  );
}

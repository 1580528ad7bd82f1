import { arch } from 'node:os';
import { processorFlags } from './fused/place.mjs';
import type { Backend } from './types.ts';

/** What decides the last bits of a result besides the program: belongs into checkpoints and run records. */
export const environmentOf = ({ name, version, threads, flags }: Backend): Record<string, string> => ({
  backend: name,
  version,
  threads: String(threads),
  instructions: instructions(),
  ...flags,
});

const CHOOSES_KERNELS = /^(avx|amx|fma|neon|asimd|sve|bf16)/;

/** Instruction sets by which libraries choose their kernels; without Linux's list, the architecture alone. */
const instructions = (): string => [arch(), ...processorFlags().filter((name) => CHOOSES_KERNELS.test(name))].join(' ');

import { readFileSync } from 'node:fs';
import { arch } from 'node:os';
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
function instructions(): string {
  try {
    const line = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'));
    const sets = (line?.[1] ?? '').split(' ').filter((name) => CHOOSES_KERNELS.test(name));
    return [arch(), ...sets.sort()].join(' ');
  } catch {
    return arch();
  }
}

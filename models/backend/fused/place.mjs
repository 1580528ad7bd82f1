/** Where the compiled C++ of this folder lies. Plain JavaScript, so that the set-up, which compiles it, and the run time share these names. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { arch } from 'node:os';
import { join } from 'node:path';

/** Of the C++ beside this file, so that a change there counts as a change of the code that loads it: `node scripts/kernel-sources.mjs` writes it anew. */
export const SOURCES_DIGEST = 'd04c17128d2cc3e1';

/** Of what this processor can do: code compiled for another one may hold instructions that end the process. @returns {string} */
export function processorDigest() {
  const cpuinfo = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuinfo)?.[1] ?? '';
  const words = [arch(), ...flags.trim().split(' ').sort()];
  return createHash('sha256').update(words.join(' ')).digest('hex').slice(0, 16);
}

/** @param {string} tools `<package root>/.sostenuto` @param {string} sources @returns {string} */
export const kernelsPath = (tools, sources = SOURCES_DIGEST) => join(tools, 'kernels', `fused-${sources}-${processorDigest()}.node`);

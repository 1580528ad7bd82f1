/** Where the compiled C++ of this folder lies. Plain JavaScript, so that the set-up, which compiles it, and the run time share these names. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { arch } from 'node:os';
import { join } from 'node:path';

/** Of the C++ beside this file, so that a change there counts as a change of the code that loads it: `node scripts/kernel-sources.mjs` writes it anew. */
export const SOURCES_DIGEST = '55b3431e9ad16b20';

/** What this processor can do, as Linux lists it, in order; empty without its list. @returns {string[]} */
export function processorFlags() {
  const cpuinfo = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuinfo)?.[1] ?? '';
  return flags.trim().split(' ').sort();
}

/** Of what this processor can do: code compiled for another one may hold instructions that end the process. @returns {string} */
export const processorDigest = () =>
  createHash('sha256')
    .update([arch(), ...processorFlags()].join(' '))
    .digest('hex')
    .slice(0, 16);

/** @param {string} tools `<package root>/.sostenuto` @param {string} sources @returns {string} */
export const kernelsPath = (tools, sources = SOURCES_DIGEST) => join(tools, 'kernels', `fused-${sources}-${processorDigest()}.node`);

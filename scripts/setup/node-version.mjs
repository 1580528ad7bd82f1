/** Node itself. */
import { isAtLeast } from './versions.mjs';

const LEAST = '20.11';

/** @type {import('./types.d.ts').Step} */
export const nodeVersion = {
  name: 'node',
  title: 'Node',
  key: () => [process.version, process.execPath],
  run: async () => {
    if (!isAtLeast(process.version, LEAST)) {
      throw new Error(`Node ${process.version} is too old: at least ${LEAST} is needed (https://nodejs.org)`);
    }
    return { found: `${process.version} (needs ${LEAST} or later)`, where: process.execPath };
  },
};

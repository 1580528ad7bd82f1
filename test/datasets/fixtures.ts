import { fileURLToPath } from 'node:url';

/** Path of a file below `test/fixtures`. */
export const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

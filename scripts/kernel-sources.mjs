/** The digest of the C++ kernels' sources, written into the code that loads them: `node scripts/kernel-sources.mjs` after every change there. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sourcesDigest } from './setup/kernels.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const place = `${root}models/backend/fused/place.mjs`;
const line = `export const SOURCES_DIGEST = '${sourcesDigest(root)}';`;
writeFileSync(place, readFileSync(place, 'utf8').replace(/^export const SOURCES_DIGEST = .*$/m, line));

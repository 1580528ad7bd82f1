import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { manifestRows } from './folder.ts';
import type { Source } from './source.ts';
import { noManifest } from './text.ts';

const SETS = ['sounds', 'events', 'piano'] as const;

/** The project's own sets as files: `sounds`, `events` and `piano`, each with its manifest (see synthetic-sets.ts). */
export const synthetic: Source = {
  summary: 'the synthetic sets as files: sounds, events, piano, each with manifest.jsonl',
  async *read(root) {
    const sets = SETS.filter((set) => existsSync(join(root, set, 'manifest.jsonl')));
    if (sets.length === 0) throw noManifest(root, SETS.map((set) => `${set}/manifest.jsonl`).join(', '));
    for (const set of sets) yield* manifestRows(root, `${set}/manifest.jsonl`, set);
  },
};

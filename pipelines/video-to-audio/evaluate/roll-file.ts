import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createShard } from '../../../datasets/features/sequence-shard.ts';
import { KEYS } from '../../../datasets/midi/performance.ts';
import type { StoredTree } from '../../../engine/define/ports.ts';
import { pathOf } from '../../stored-folder.ts';
import { shardIn } from '../features.ts';
import { LATENT_RATE } from '../rates.ts';

/** What stands in `guide-kind.json` beside the shard `guide` [frames, keys …] of generated clips: values in [0, 1]; further columns are no keys. */
export interface GuideKind {
  readonly keys: number;
  readonly firstKey: number;
  readonly kind: 'binary' | 'velocity';
}

/** A roll as reports read it: levels 0 … 255, [frames, keys], in base64. */
export interface RollFile {
  readonly framesPerSecond: number;
  readonly firstKey: number;
  readonly keys: number;
  readonly values: string;
}

/** Columns of all keys with levels up to `loudest`, of a clip of a shard; undefined if it lacks the clip. */
export function rollFile(tree: StoredTree, name: string, id: string, loudest: number): RollFile | undefined {
  return columnsOf(tree, name, id, { keys: KEYS, firstKey: 0 }, loudest);
}

/** Writes the rolls [frames, columns] that guided clips, by the clips' ids. */
export async function writeGuide(
  directory: string,
  kind: GuideKind,
  columns: number,
  rolls: Iterable<readonly [string, Float32Array]>,
): Promise<void> {
  const shard = createShard(directory, { name: 'guide', scalar: 'f32', rowsPerSecond: LATENT_RATE, shape: [columns] });
  for (const [id, roll] of rolls) shard.append(id, roll);
  shard.close();
  await writeFile(join(directory, 'guide-kind.json'), JSON.stringify(kind));
}

/** The roll that guided a clip, if the arm was guided. */
export async function guideFile(tree: StoredTree, id: string): Promise<{ kind: GuideKind['kind']; roll: RollFile } | undefined> {
  if (!tree.files.has('guide-kind.json')) return undefined;
  const { kind, ...keys }: GuideKind = JSON.parse(await readFile(pathOf(tree, 'guide-kind.json'), 'utf8'));
  const roll = columnsOf(tree, 'guide', id, keys, 1);
  return roll && { kind, roll };
}

function columnsOf(
  tree: StoredTree,
  name: string,
  id: string,
  { keys, firstKey }: Omit<GuideKind, 'kind'>,
  loudest: number,
): RollFile | undefined {
  const shard = shardIn(tree, name);
  const { width } = shard.index;
  const rows = shard.has(id) ? shard.read(id) : undefined;
  const values = Uint8Array.from({ length: ((rows?.length ?? 0) / width) * keys }, (_, i) =>
    Math.round((255 * Math.min(loudest, Math.max(0, rows?.[Math.floor(i / keys) * width + (i % keys)] ?? 0))) / loudest),
  );
  const { rowsPerSecond } = shard.index;
  shard.close();
  return rows && { framesPerSecond: rowsPerSecond, firstKey, keys, values: Buffer.from(values).toString('base64') };
}

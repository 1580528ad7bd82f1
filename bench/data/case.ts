import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BatchPlan } from '../../datasets/features/batches.ts';
import { createShard } from '../../datasets/features/sequence-shard.ts';
import { openBatches, type SequenceGroup } from '../../datasets/features/sequences.ts';
import { normal } from '../../numeric/random.ts';

/** Ten seconds of Encodec's latents. */
export const [ROWS, WIDTH] = [750, 128];
const SHARDS = 16;
/** Batches that are timed as one step. */
export const BATCHES = 64;
export const plan: BatchPlan = { seed: 1, batch: 16, rows: ROWS };
export const groupsIn = (folder: string, shards = SHARDS): SequenceGroup[] => [
  {
    shards: Array.from({ length: shards }, (_, i) => ({
      arrow: join(folder, `shard-${i}`, 'latents.arrow'),
      index: join(folder, `shard-${i}`, 'latents.json'),
    })),
  },
];

/** Writes clips of latents in shards. */
export function writeShards(folder: string, scalar: 'f32' | 'f16', clips: number, shards = SHARDS, rows = ROWS): void {
  const noise = normal({ seed: 2, purpose: 'latents' }, rows * WIDTH);
  for (let i = 0; i < shards; i++) {
    const directory = join(folder, `shard-${i}`);
    mkdirSync(directory, { recursive: true });
    const shard = createShard(directory, { name: 'latents', scalar, rowsPerSecond: 75, shape: [WIDTH] });
    for (let clip = i; clip < clips; clip += shards) {
      noise[0] = clip;
      shard.append(`clip-${clip}`, noise);
    }
    shard.close();
  }
}

/** What the other rows need to read the same clips in the same order: file and position of each clip of each step. */
export function writeDraws(folder: string, steps: number): void {
  const groups = groupsIn(folder);
  const batches = openBatches(groups, plan);
  const draws = Array.from({ length: steps }, (_, step) =>
    batches.read(step).ids.map((id) => {
      const clip = Number(id.split('-')[1]);
      return [clip % SHARDS, Math.floor(clip / SHARDS)];
    }),
  );
  batches.close();
  writeFileSync(
    join(folder, 'draws.json'),
    JSON.stringify({ batches: BATCHES, rows: ROWS, width: WIDTH, files: groups[0]?.shards.map(({ arrow }) => arrow), draws }),
  );
}

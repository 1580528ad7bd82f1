import { join } from 'node:path';
import { type CatalogueRow, type ColumnType, writeCatalogue } from '../../../datasets/features/catalogue.ts';
import type { Quarantined } from '../../../engine/define/pipeline.ts';
import type { Run } from '../../../engine/define/task.ts';
import { openShards } from '../features.ts';
import { LATENT_RATE } from '../rates.ts';
import type { catalogue as declaration } from '../tasks.ts';

const columns: Readonly<Record<string, ColumnType>> = {
  id: 'VARCHAR',
  set: 'VARCHAR',
  split: 'VARCHAR',
  caption: 'VARCHAR',
  shard: 'VARCHAR',
  media: 'VARCHAR',
  media_bytes: 'BIGINT',
  latent_frames: 'BIGINT',
  seconds: 'DOUBLE',
  has_roll: 'BOOLEAN',
};

/** Every clip with its shard and what was made from it; a quarantined clip has no latent frames. */
export const catalogue: Run<typeof declaration> = async ({ inputs, context }) => {
  const latents = await openShards(context, inputs.latents, 'latents');
  const rolls = await openShards(context, inputs.rolls, 'roll');
  const frames = new Map(latents.flatMap(({ index }) => index.clips.map((clip) => [clip.id, clip.rows] as const)));
  const rolled = new Set(rolls.flatMap(({ index }) => index.clips.map((clip) => clip.id)));
  for (const shard of [...latents, ...rolls]) shard.close();
  const rows: CatalogueRow[] = inputs.shards.flatMap((shard) =>
    shard.clips.map(({ id, set, split, caption, media }) => {
      const rowsOfClip = frames.get(id) ?? null;
      return {
        id,
        set,
        split,
        caption,
        shard: shard.id,
        media: media.digest,
        media_bytes: media.bytes,
        latent_frames: rowsOfClip,
        seconds: rowsOfClip === null ? null : rowsOfClip / LATENT_RATE,
        has_roll: rolled.has(id),
      };
    }),
  );
  const path = join(context.workDirectory, 'catalogue.parquet');
  await writeCatalogue(path, columns, rows);
  const setApart = [...inputs.unreadable, ...inputs.unreadableMidi, ...inputs.unreadableViews];
  const unreadable = await Promise.all(setApart.map(({ artifact }) => context.readJson<readonly Quarantined[]>(artifact)));
  return { catalogue: path, quarantined: [...inputs.refused, ...unreadable.flat()] };
};

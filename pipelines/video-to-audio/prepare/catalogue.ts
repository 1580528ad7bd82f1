import { join } from 'node:path';
import { type CatalogueRow, type ColumnType, writeCatalogue } from '../../../datasets/features/catalogue.ts';
import type { Mapped, Quarantined } from '../../../engine/define/pipeline.ts';
import type { Run, TaskContext } from '../../../engine/define/task.ts';
import { shardIn } from '../features.ts';
import { LATENT_RATE } from '../rates.ts';
import type { catalogue as declaration } from '../tasks.ts';

const clipColumns: Readonly<Record<string, ColumnType>> = {
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
  /** Why the clip was set apart or not let in; null for one that is used. */
  reason: 'VARCHAR',
};
/** Where the rows of a feature of a clip lie: in which record batch of which tree's `<feature>.arrow`. */
const featureColumns: Readonly<Record<string, ColumnType>> = {
  id: 'VARCHAR',
  feature: 'VARCHAR',
  shard: 'VARCHAR',
  tree: 'VARCHAR',
  batch: 'BIGINT',
  rows: 'BIGINT',
  width: 'BIGINT',
  scalar: 'VARCHAR',
  rows_per_second: 'DOUBLE',
};

/** Every clip with its shard and what became of it, and every feature with its place; a quarantined clip, or one that was not let in, has a reason in place of features. */
export const catalogue: Run<typeof declaration> = async ({ inputs, context }) => {
  const { media, latents, text, video, rolls, pictures } = inputs;
  const features = (
    await Promise.all([media, latents, text, video, rolls, pictures].flat().map((mapped) => featuresOf(context, mapped)))
  ).flat();
  const rowsOf = (name: string) =>
    new Map(features.flatMap(({ id, feature, rows }) => (feature === name ? [[id, Number(rows)] as const] : [])));
  const [encoded, rolled] = [rowsOf('latents'), rowsOf('roll')];
  const setApart = [...inputs.unreadable, ...inputs.unreadableMidi, ...inputs.unreadableViews];
  const unreadable = (await Promise.all(setApart.map(({ artifact }) => context.readJson<readonly Quarantined[]>(artifact)))).flat();
  const reasons = new Map(unreadable.map(({ id, reason }) => [id, reason]));
  const clips: CatalogueRow[] = inputs.shards.flatMap((shard) =>
    shard.clips.map(({ id, set, split, caption, media }) => {
      const frames = encoded.get(id) ?? null;
      return {
        id,
        set,
        split,
        caption,
        shard: shard.id,
        media: media.digest,
        media_bytes: media.bytes,
        latent_frames: frames,
        seconds: frames === null ? null : frames / LATENT_RATE,
        has_roll: rolled.has(id),
        reason: reasons.get(id) ?? null,
      };
    }),
  );
  const [first] = unreadable;
  if (first) context.warn(`${reasons.size} of ${clips.length} clips are set apart; the first is ${first.id}: ${first.reason}`);
  for (const { id, reason } of inputs.refused) clips.push({ id, reason }); // nothing else is known of it
  const [clipsPath, featuresPath] = [join(context.workDirectory, 'clips.parquet'), join(context.workDirectory, 'features.parquet')];
  await writeCatalogue(clipsPath, clipColumns, clips);
  await writeCatalogue(featuresPath, featureColumns, features);
  return { clips: clipsPath, features: featuresPath, quarantined: [...inputs.refused, ...unreadable] };
};

/** A row for each clip of each shard in a tree. */
async function featuresOf(context: TaskContext, { id: shard, artifact }: Mapped): Promise<CatalogueRow[]> {
  const tree = await context.openTree(artifact);
  const names = [...tree.files.keys()].flatMap((file) => (file.endsWith('.arrow') ? [file.slice(0, -'.arrow'.length)] : [])).sort();
  return names.flatMap((feature) => {
    const opened = shardIn(tree, feature);
    opened.close();
    const { scalar, width, rowsPerSecond, clips } = opened.index;
    const common = { feature, shard, tree: artifact.digest, width, scalar, rows_per_second: rowsPerSecond };
    return clips.map(({ id, rows }, batch) => ({ id, ...common, batch, rows }));
  });
}

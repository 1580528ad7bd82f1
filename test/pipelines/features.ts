import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createShard, type ShardDescription } from '../../datasets/features/sequence-shard.ts';
import type { Mapped } from '../../engine/define/pipeline.ts';
import type { TaskContext } from '../../engine/define/task.ts';
import { normal } from '../../numeric/random.ts';
import type { Clip } from '../../pipelines/video-to-audio/tasks.ts';
import { folderCheckpoints } from '../models/training/folder-checkpoints.ts';
import type { Setup } from './evaluate/trees.ts';

export const [CHANNELS, TEXT, VIDEO, KEYS, HEIGHT, WIDTH] = [32, 64, 192, 88, 35, 35];
const nothing = { form: 'file', digest: '', bytes: 0 } as const;

export const clipOf = (id: string, rest: Partial<Clip> = {}): Clip => ({
  id,
  set: 'piano',
  split: 'train',
  caption: id,
  media: nothing,
  ...rest,
});

/** Rows of each feature by its shard's name; what a clip lacks is in no shard. */
export type Features = Readonly<Record<string, Float32Array | Uint8Array>>;
export interface MadeClip {
  readonly clip: Clip;
  readonly features: Features;
}

/** Noise of the widths that the tiny preset has, [frames, …], and no notes. */
export const noiseOf = (id: string, frames: number): Features => ({
  latents: normal({ seed: 1, purpose: `latents ${id}` }, frames * CHANNELS),
  text: normal({ seed: 1, purpose: `text ${id}` }, 2 * TEXT),
  video: normal({ seed: 1, purpose: `video ${id}` }, Math.floor(frames / 3) * VIDEO),
});

/** How the shards of the preparing tasks are laid out. */
const layouts: Readonly<Record<string, Omit<ShardDescription, 'name'>>> = {
  latents: { scalar: 'f32', rowsPerSecond: 75, shape: [CHANNELS] },
  text: { scalar: 'f32', rowsPerSecond: 1, shape: [TEXT] },
  video: { scalar: 'f32', rowsPerSecond: 25, shape: [VIDEO] },
  roll: { scalar: 'u8', rowsPerSecond: 75, shape: [KEYS + 1] },
};
const picture: Omit<ShardDescription, 'name'> = { scalar: 'u8', rowsPerSecond: 25, shape: [HEIGHT, WIDTH] };

let written = 0;
/** One feature of some clips as the only shard of a map. */
export async function mappedShard(
  { store, folder }: Setup,
  name: string,
  clips: readonly MadeClip[],
  changed: Partial<ShardDescription> = {},
): Promise<readonly Mapped[]> {
  const directory = join(folder, `feature-${written++}`);
  mkdirSync(directory);
  const shard = createShard(directory, { name, ...(layouts[name] ?? picture), ...changed });
  for (const { clip, features } of clips) if (features[name]) shard.append(clip.id, features[name]);
  shard.close();
  return [{ id: 'one', artifact: await store.putTree(directory) }];
}

/** Pictures of several views as one map, as `filmKeys` leaves them. */
export async function mappedViews(
  { store, folder }: Setup,
  views: readonly string[],
  clips: readonly MadeClip[],
): Promise<readonly Mapped[]> {
  const directory = join(folder, `feature-${written++}`);
  mkdirSync(directory);
  for (const view of views) {
    const shard = createShard(directory, { name: view, ...picture });
    for (const { clip, features } of clips) if (features[view]) shard.append(clip.id, features[view]);
    shard.close();
  }
  return [{ id: 'one', artifact: await store.putTree(directory) }];
}

/** Everything that a stage of the flow model reads. */
export async function stageInputs(setup: Setup, clips: readonly MadeClip[]) {
  const mapped = (name: string) => mappedShard(setup, name, clips);
  return {
    shards: [{ id: 'one', clips: clips.map(({ clip }) => clip) }],
    latents: await mapped('latents'),
    text: await mapped('text'),
    video: await mapped('video'),
    rolls: await mapped('roll'),
    statistics: { mean: new Array<number>(CHANNELS).fill(0), deviation: new Array<number>(CHANNELS).fill(1), frames: 1 },
  };
}

/** The context of one execution: its work directory stays the same. */
export const taskContext = ({ context }: Setup): TaskContext => Object.create(context, { workDirectory: { value: context.workDirectory } });

/** That of a training with checkpoints of its own; the last one passes for the best. */
export function trainingContext(setup: Setup, name: string): TaskContext {
  const checkpoints = folderCheckpoints(join(setup.folder, name, 'checkpoints'));
  return Object.create(taskContext(setup), { checkpoints: { value: { ...checkpoints, best: checkpoints.latest } } });
}

import { copyFile, link, mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { createShard, openShard, readIndex, type ShardDescription, type ShardWriter } from '../../../datasets/features/sequence-shard.ts';
import type { Quarantined } from '../../../engine/define/pipeline.ts';
import type { TaskContext } from '../../../engine/define/task.ts';

/** Rows [rows, width] of a clip by feature; a feature that it lacks is left out. */
type Rows = Readonly<Record<string, Float32Array | Uint8Array | undefined>>;
/** What a clip gives, or why its file cannot be used. */
export type Extracted = { readonly rows: Rows } | { readonly reason: string };

/** At most so much work dies with a process; operational setting `checkpointSeconds`. */
const SAVE_SECONDS = 60;

/**
 * Makes `directory` with a shard for each feature, and goes on from the clips that an interrupted attempt has saved: the same bytes whatever was
 * interrupted. Gives the clips that were set apart; another attempt tries them again.
 */
export async function extractShard<Clip extends { readonly id: string }>(
  context: TaskContext,
  directory: string,
  features: readonly ShardDescription[],
  clips: readonly Clip[],
  extract: (clip: Clip) => Promise<Extracted>,
): Promise<Quarantined[]> {
  const parts = await openParts(context, `${directory}.parts`, features);
  const unreadable: Quarantined[] = [];
  const saveEvery = 1000 * Number(context.operational['checkpointSeconds'] ?? SAVE_SECONDS);
  let savedAt = performance.now();
  try {
    for (const [index, clip] of clips.entries()) {
      context.signal.throwIfAborted();
      const found = parts.done.has(clip.id) ? undefined : await extract(clip);
      if (found && 'reason' in found) unreadable.push({ id: clip.id, reason: found.reason });
      else if (found) await parts.append(clip.id, found.rows);
      if (performance.now() - savedAt >= saveEvery) {
        await parts.save();
        savedAt = performance.now();
      }
      context.progress({ step: index + 1, of: clips.length, clip: clip.id });
    }
  } catch (error) {
    if (context.signal.aborted) await parts.save();
    throw error;
  }
  await parts.join(directory, clips);
  return unreadable;
}

/** What an attempt extracts between two saves is a part: a folder with whole shards. A checkpoint is links to all parts so far. */
async function openParts(context: TaskContext, folder: string, features: readonly ShardDescription[]) {
  const parts: string[] = [];
  const done = new Set<string>();
  let writers: ReadonlyMap<string, ShardWriter> | undefined;
  const add = async () => {
    const part = join(folder, String(parts.length));
    await mkdir(part, { recursive: true });
    parts.push(part);
    return part;
  };
  const begin = async () => {
    const part = await add();
    return new Map(features.map((feature) => [feature.name, createShard(part, feature)]));
  };
  const end = () => {
    for (const writer of writers?.values() ?? []) writer.close();
    writers = undefined;
  };
  const before = await context.checkpoints.latest();
  for (const saved of before ? await partsIn(before.directory) : []) {
    const part = await add();
    await linkFiles(saved, part);
    for (const feature of features) for (const { id } of readIndex(filesOf(part, feature.name).index).clips) done.add(id);
  }
  let [step, saved] = [before?.step ?? 0, done.size];
  return {
    done: done as ReadonlySet<string>,
    async append(id: string, rows: Rows) {
      writers ??= await begin();
      for (const [feature, values] of Object.entries(rows)) if (values) writers.get(feature)?.append(id, values);
      done.add(id);
    },
    async save() {
      if (done.size === saved) return;
      end();
      await context.checkpoints.save(++step, {}, async (target) => {
        for (const [index, part] of parts.entries()) {
          await mkdir(join(target, String(index)));
          await linkFiles(part, join(target, String(index)));
        }
      });
      saved = done.size;
    },
    /** One part is the whole; several are copied into one, in the order of the clips. */
    async join(directory: string, clips: readonly { readonly id: string }[]) {
      if (parts.length === 0) writers = await begin();
      end();
      const [first] = parts;
      if (first !== undefined && parts.length === 1) await rename(first, directory);
      else {
        await mkdir(directory);
        for (const feature of features) copyClips(parts, directory, feature, clips);
      }
      // Nobody needs what was saved any more, and it takes room until there is something newer.
      if (saved > 0) await context.checkpoints.save(++step, {}, async () => {});
    },
  };
}

function copyClips(
  parts: readonly string[],
  directory: string,
  feature: ShardDescription,
  clips: readonly { readonly id: string }[],
): void {
  const opened = parts.map((part) => openShard(filesOf(part, feature.name)));
  const writer = createShard(directory, feature);
  for (const { id } of clips) {
    const found = opened.find((shard) => shard.has(id));
    if (found) writer.append(id, found.read(id));
  }
  writer.close();
  for (const shard of opened) shard.close();
}

const partsIn = async (directory: string): Promise<string[]> =>
  (await readdir(directory, { withFileTypes: true })).flatMap((entry) => (entry.isDirectory() ? [join(directory, entry.name)] : []));

const filesOf = (directory: string, name: string) => ({ arrow: join(directory, `${name}.arrow`), index: join(directory, `${name}.json`) });

/** Files of a folder in another one, without a copy where both are on one disk. */
async function linkFiles(from: string, to: string): Promise<void> {
  for (const name of await readdir(from))
    await link(join(from, name), join(to, name)).catch(() => copyFile(join(from, name), join(to, name)));
}

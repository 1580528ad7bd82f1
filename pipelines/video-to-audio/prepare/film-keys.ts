import { createShard } from '../../../datasets/features/sequence-shard.ts';
import { decodeMedia } from '../../../datasets/media/decode.ts';
import { unreadable as damaged } from '../../../datasets/media/probe.ts';
import type { Quarantined } from '../../../engine/define/pipeline.ts';
import type { Run, TaskContext } from '../../../engine/define/task.ts';
import { SostenutoError } from '../../../errors/problem.ts';
import { PICTURE_RATE } from '../rates.ts';
import type { Clip, filmKeys as declaration } from '../tasks.ts';
import { checkFailures, orReason } from './quarantine.ts';

/**
 * Writes a shard `<view>` [frames, height, width] of grey pictures for each view, of the clips that have MIDI. A clip of which one view cannot
 * be decoded is set apart, with all its views. Throws `VIEW_MISSING` if a clip lacks a view.
 */
export const filmKeys: Run<typeof declaration> = async ({ params, item, context }) => {
  const { views, height, width, maxFailures } = params;
  const piano = item.clips.filter((clip) => clip.midi !== undefined);
  for (const clip of piano) for (const view of views) viewOf(clip, view);
  const directory = context.workDirectory;
  const shape = [height, width];
  const shards = views.map((view) => createShard(directory, { name: view, scalar: 'u8', rowsPerSecond: PICTURE_RATE, shape }));
  const unreadable: Quarantined[] = [];
  for (const [index, clip] of piano.entries()) {
    const films: Uint8Array[] = [];
    const read = await orReason(async () => {
      for (const view of views) films.push(await film(context, clip, view, { height, width }));
    });
    if ('reason' in read) unreadable.push({ id: clip.id, reason: read.reason });
    else for (const [position, pictures] of films.entries()) shards[position]?.append(clip.id, pictures);
    context.progress({ step: index + 1, of: piano.length, clip: clip.id });
  }
  checkFailures(item.id, unreadable, maxFailures);
  for (const shard of shards) shard.close();
  return { pictures: directory, unreadable };
};

/** Grey pictures of one view. */
async function film(context: TaskContext, clip: Clip, view: string, size: { height: number; width: number }): Promise<Uint8Array> {
  context.signal.throwIfAborted();
  const { path } = await context.openFile(viewOf(clip, view));
  const { frames, damage } = await decodeMedia(path, {
    framesPerSecond: PICTURE_RATE,
    size: { ...size, fit: 'stretch' },
    streams: 'video',
    start: clip.start,
    mostSeconds: clip.seconds,
    crop: clip.crop,
    signal: context.signal,
  });
  if (!frames || damage.length > 0) throw damaged(path, `view ${view}: ${damage.join('; ') || 'no frame'}`);
  return grey(frames.data);
}

/** Mean of the three colours. [..., 3] → [...] */
const grey = (colours: Uint8Array): Uint8Array =>
  Uint8Array.from({ length: colours.length / 3 }, (_, i) =>
    Math.round(((colours[3 * i] ?? 0) + (colours[3 * i + 1] ?? 0) + (colours[3 * i + 2] ?? 0)) / 3),
  );

function viewOf({ id, views = {} }: Clip, view: string) {
  const found = views[view];
  if (found !== undefined) return found;
  throw new SostenutoError({
    code: 'VIEW_MISSING',
    what: `The roll predictor needs a view that the clip ${id} does not have`,
    where: id,
    found: Object.keys(views).join(', ') || 'no view',
    expected: view,
    hint: 'add the view to the manifest, or leave it out of the setting rollPredictor.views',
  });
}

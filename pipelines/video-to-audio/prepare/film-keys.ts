import { createShard } from '../../../datasets/features/sequence-shard.ts';
import { decodeMedia } from '../../../datasets/media/decode.ts';
import type { Run } from '../../../engine/define/task.ts';
import { SostenutoError } from '../../../errors/problem.ts';
import { PICTURE_RATE } from '../rates.ts';
import type { filmKeys as declaration } from '../tasks.ts';

/** Writes a shard `<view>` [frames, height, width] of grey pictures for each view, of the clips that have MIDI and all views. */
export const filmKeys: Run<typeof declaration> = async ({ params, item, context }) => {
  const { views, height, width } = params;
  const piano = item.clips.filter((clip) => clip.midi !== undefined);
  for (const view of views) {
    const shard = createShard(context.workDirectory, { name: view, scalar: 'u8', rowsPerSecond: PICTURE_RATE, shape: [height, width] });
    for (const [index, { id, views: filmed }] of piano.entries()) {
      context.signal.throwIfAborted();
      const film = filmed?.[view];
      if (film === undefined) throw missingView(id, view, Object.keys(filmed ?? {}));
      const { path } = await context.openFile(film);
      const size = { width, height, fit: 'stretch' as const };
      const { frames } = await decodeMedia(path, { framesPerSecond: PICTURE_RATE, size, streams: 'video', signal: context.signal });
      if (frames) shard.append(id, grey(frames.data));
      context.progress({ step: index + 1, of: piano.length, view });
    }
    shard.close();
  }
  return { pictures: context.workDirectory };
};

/** Mean of the three colours. [..., 3] → [...] */
const grey = (colours: Uint8Array): Uint8Array =>
  Uint8Array.from({ length: colours.length / 3 }, (_, i) =>
    Math.round(((colours[3 * i] ?? 0) + (colours[3 * i + 1] ?? 0) + (colours[3 * i + 2] ?? 0)) / 3),
  );

const missingView = (id: string, view: string, found: readonly string[]) =>
  new SostenutoError({
    code: 'VIEW_MISSING',
    what: `The roll predictor needs a view that the clip ${id} does not have`,
    where: id,
    found: found.join(', ') || 'no view',
    expected: view,
    hint: 'add the view to the manifest, or leave it out of the setting rollPredictor.views',
  });

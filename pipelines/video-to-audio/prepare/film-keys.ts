import { join } from 'node:path';
import type { ShardDescription } from '../../../datasets/features/sequence-shard.ts';
import { decodeMedia } from '../../../datasets/media/decode.ts';
import { unreadable as damaged } from '../../../datasets/media/probe.ts';
import type { Artifact } from '../../../engine/define/ports.ts';
import type { Run, TaskContext } from '../../../engine/define/task.ts';
import { PICTURE_RATE } from '../rates.ts';
import type { Clip, filmKeys as declaration } from '../tasks.ts';
import { extractShard } from './extract-shard.ts';
import { checkFailures, orReason } from './quarantine.ts';

/**
 * Writes a shard `<view>` [frames, height, width] of grey pictures for each view, of the clips that have MIDI. A clip that lacks a view, or of which
 * one cannot be decoded, is set apart, with all its views.
 */
export const filmKeys: Run<typeof declaration> = async ({ params, item, context }) => {
  const { views, height, width, maxFailures } = params;
  const pictures = join(context.workDirectory, 'pictures');
  const features = views.map((name): ShardDescription => ({ name, scalar: 'u8', rowsPerSecond: PICTURE_RATE, shape: [height, width] }));
  const piano = item.clips.filter((clip) => clip.midi !== undefined);
  const unreadable = await extractShard(context, pictures, features, piano, async (clip) => {
    const films = views.flatMap((view) => (clip.views?.[view] ? [[view, clip.views[view]] as const] : []));
    if (films.length < views.length) return { reason: lacking(clip, views) };
    const read = await orReason(async () => {
      const rows: Record<string, Uint8Array> = {};
      for (const [view, file] of films) rows[view] = await film(context, clip, view, file, { height, width });
      return rows;
    });
    return 'reason' in read ? read : { rows: read.value };
  });
  checkFailures(item.id, unreadable, maxFailures);
  return { pictures, unreadable };
};

const lacking = ({ views = {} }: Clip, wanted: readonly string[]): string => {
  const missing = wanted.filter((view) => views[view] === undefined).join(', ');
  return `has notes but no view ${missing} (only ${Object.keys(views).join(', ') || 'none'}): add it to the manifest, or leave it out of rollPredictor.views`;
};

/** Grey pictures of one view. */
async function film(
  context: TaskContext,
  clip: Clip,
  view: string,
  file: Artifact,
  size: { height: number; width: number },
): Promise<Uint8Array> {
  context.signal.throwIfAborted();
  const { path } = await context.openFile(file);
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

import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { shardsOf } from '../../../datasets/features/sharding.ts';
import { probeMedia } from '../../../datasets/media/probe.ts';
import { cutEntry } from '../../../datasets/sources/cut-entry.ts';
import { kindOf } from '../../../datasets/sources/media-index.ts';
import { clipIdOf, isFailure, readSource, type SourceKind, withoutTestVideos } from '../../../datasets/sources/read-source.ts';
import { type Absent, type Entry, reasons } from '../../../datasets/sources/source.ts';
import type { Quarantined } from '../../../engine/define/pipeline.ts';
import type { Artifact } from '../../../engine/define/ports.ts';
import type { Run, TaskContext } from '../../../engine/define/task.ts';
import { SostenutoError } from '../../../errors/problem.ts';
import type { SourceSetting } from '../source-settings.ts';
import type { Clip, ingestSources as declaration } from '../tasks.ts';
import { chooseTested } from './choose-tested.ts';
import { type KnownFiles, openKnownFiles } from './known-files.ts';
import { checkFailures, orReason } from './quarantine.ts';

/** Clips of sets on disk in shards by id; what cannot be used is set apart with its reason, and test videos are kept out of training. */
export const ingestSources: Run<typeof declaration> = async ({ params, context }) => {
  const listed = [];
  for (const { kind, root } of params.sources) listed.push(await readSource(kind, root));
  const held = withoutTestVideos(listed);
  const read = params.test === undefined ? held : chooseTested(params.sources, held, params.test);
  const clips = new Map<string, Clip>();
  const refused: Quarantined[] = [];
  const failed: Quarantined[] = [];
  const refuse = (kind: SourceKind, absent: Absent) => {
    const said = { id: `${kind} ${absent.id}`, reason: `${absent.reason}: ${absent.detail}` };
    refused.push(said);
    if (isFailure(kind, absent)) failed.push(said);
  };
  for (const { kind, absent } of read) {
    for (const one of absent) refuse(kind, one);
    warnOf(context, kind, absent);
  }
  // Before anything is copied.
  checkFailures('the sources', failed, params.maxFailures);
  for (const [index, source] of params.sources.entries()) {
    const { kind } = source;
    const entries = read[index]?.entries ?? [];
    const files = await openKnownFiles(context, source.root);
    try {
      for (const [step, entry] of entries.entries()) {
        context.signal.throwIfAborted();
        const taken = await orReason(() => clipsOf(context, source, entry, files));
        if ('reason' in taken) refuse(kind, { id: entry.id, split: entry.split, reason: 'broken', detail: taken.reason });
        else
          for (const clip of taken.value) {
            if (clips.has(clip.id))
              refuse(kind, { id: clip.id, split: clip.split, reason: 'duplicate id', detail: 'another source has it' });
            else clips.set(clip.id, clip);
          }
        context.progress({ step: step + 1, of: entries.length, source: kind });
      }
    } finally {
      await files.keep();
    }
  }
  checkFailures('the sources', failed, params.maxFailures);
  if (clips.size === 0) throw nothing(params.sources, refused);
  return { shards: shardsOf([...clips.values()], params.shards), refused };
};

/** The clip, or its pieces, with its files in the store. */
async function clipsOf(context: TaskContext, { kind, root, clipSeconds }: SourceSetting, entry: Entry, files: KnownFiles): Promise<Clip[]> {
  const stored = new Map<string, Artifact>();
  const put = async (path: string): Promise<Artifact> => {
    const artifact = stored.get(path) ?? (await files.put(await realpath(join(root, path))));
    stored.set(path, artifact);
    return artifact;
  };
  const pieces = clipSeconds === undefined ? [entry] : cutEntry(entry, await durationOf(context, join(root, entry.media)), clipSeconds);
  const { set, split, captions, label, piece, pianist, crop } = entry;
  // A film with notes and no views is itself the view of the keys.
  const views = entry.views ?? (entry.midi !== undefined && kindOf(entry.media) === 'video' ? { front: entry.media } : undefined);
  const [media, audio, midi] = [await put(entry.media), entry.audio && (await put(entry.audio)), entry.midi && (await put(entry.midi))];
  const filmed =
    views && Object.fromEntries(await Promise.all(Object.entries(views).map(async ([view, path]) => [view, await put(path)] as const)));
  return pieces.map(({ id, start, seconds }) => ({
    id: clipIdOf(kind, id),
    set,
    split,
    caption: captions[0] ?? '',
    media,
    ...(audio && { audio }),
    ...(midi && { midi }),
    ...(filmed && { views: filmed }),
    ...(start !== undefined && { start }),
    ...(seconds !== undefined && { seconds }),
    ...(crop && { crop }),
    ...(label !== undefined && { label }),
    ...(piece !== undefined && pieces.length === 1 && { piece }),
    ...(pianist !== undefined && { pianist }),
  }));
}

const durationOf = async (context: TaskContext, path: string): Promise<number> =>
  (await probeMedia(path, { signal: context.signal })).duration ?? 0;

/** One line for each reason: public sets lack thousands of clips. */
function warnOf(context: TaskContext, kind: SourceKind, absent: readonly Absent[]): void {
  for (const reason of reasons) {
    const members = absent.filter((one) => one.reason === reason);
    const [first] = members;
    if (first) context.warn(`${kind}: left out as ${reason}: ${members.length}; the first is ${first.id}: ${first.detail}`);
  }
}

const nothing = (sources: readonly SourceSetting[], refused: readonly Quarantined[]) =>
  new SostenutoError({
    code: 'NO_TRAINING_DATA',
    what: 'No clip of the sources can be used',
    where: sources.map(({ kind, root }) => `${kind} in ${root}`).join(', '),
    found: refused
      .slice(0, 5)
      .map(({ id, reason }) => `${id}: ${reason}`)
      .join('; '),
    expected: 'clips whose media are there',
    hint: 'sostenuto data check <source> <root> lists what is missing',
  });

/** What is in a source: how many clips by split, how long, what is missing, doubled or broken, and whether test clips are trained on. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SostenutoError } from '../../errors/problem.ts';
import { decodeMedia } from '../media/decode.ts';
import { type MediaOptions, probeMedia } from '../media/probe.ts';
import { readMidi } from '../midi/read-midi.ts';
import { pathsOf } from './manifest.ts';
import { kindOf } from './media-index.ts';
import { isFailure, type SourceClips } from './read-source.ts';
import type { Absent, Entry, Split } from './source.ts';

export interface SplitCount {
  readonly clips: number;
  /** Clips that are listed and cannot be used. */
  readonly absent: number;
  /** Of the clips whose length is known. */
  readonly seconds: number;
}
export interface SourceReport {
  /** `unknown`: rows that could not be read far enough. */
  readonly splits: Readonly<Record<Split | 'unknown', SplitCount>>;
  /** Clips that are listed and cannot be used, by reason. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly absent: readonly Absent[];
  /** Files that cannot be read or lack the clip's sound, with the clip that they belong to. */
  readonly broken: readonly { readonly id: string; readonly path: string; readonly reason: string }[];
  /** Files of the same content, by the ids of their clips. */
  readonly duplicates: readonly (readonly string[])[];
  /** Clips of one content, also of one file, of which a test clip and another share a moment. */
  readonly leaks: readonly (readonly string[])[];
  /** Lengths of the clips in seconds; `unknown` clips do not say. */
  readonly lengths: { readonly shortest: number; readonly median: number; readonly longest: number; readonly unknown: number };
  /** Bytes of all files. */
  readonly bytes: number;
  /** Whether something is at fault, not only gone. */
  readonly isSound: boolean;
}
export interface CheckOptions extends MediaOptions {
  /** Whether all of every film and sound is decoded, too: only then is damage in the middle of a file seen. */
  readonly decodes?: boolean | undefined;
  readonly onProgress?: ((done: number, of: number) => void) | undefined;
}

const IN_WORK = 4;

/** What a look needs of a decoded file. */
const SMALL = { framesPerSecond: 1, size: { width: 16, height: 16, fit: 'stretch' }, sampleRate: 8000 } as const;

/** Looks at every file of a source: ffprobe, or the MIDI reader; of files of one size also at the content. */
export async function checkSource({ kind, entries, absent }: SourceClips, root: string, options: CheckOptions = {}): Promise<SourceReport> {
  const files = [...new Map(entries.flatMap((entry) => pathsOf(entry).map(([, path]) => [path, entry.id] as const))).entries()];
  const lengths = new Map<string, number | undefined>();
  const broken: { id: string; path: string; reason: string }[] = [];
  const mute = new Set<string>();
  const bySize = new Map<number, string[]>();
  let bytes = 0;
  let done = 0;
  await inParallel(files, async ([path, id]) => {
    options.signal?.throwIfAborted();
    const full = join(root, path);
    const { size } = await stat(full);
    bytes += size;
    add(bySize, size, path);
    try {
      if (kindOf(path) === 'midi') lengths.set(path, readMidi(await readFile(full), path).end);
      else {
        const { duration, audio } = await probeMedia(full, options);
        if (audio === undefined) mute.add(path);
        lengths.set(path, duration);
        const { damage } = options.decodes
          ? await decodeMedia(full, { ...options, ...SMALL, mostSeconds: (duration ?? 0) + 1 })
          : { damage: [] };
        if (damage.length > 0) broken.push({ id, path, reason: `damaged: ${damage.join('; ')}` });
      }
    } catch (error) {
      if (!(error instanceof SostenutoError) || !['MEDIA_UNREADABLE', 'MIDI_UNREADABLE'].includes(error.code)) throw error;
      broken.push({ id, path, reason: error.problems[0]?.found ?? error.message });
    }
    options.onProgress?.(++done, files.length);
  });
  for (const { id, media, audio = media } of entries) if (mute.has(audio)) broken.push({ id, path: audio, reason: 'no sound' });
  const secondsOf = ({ media, seconds, start = 0 }: Entry) => {
    const whole = lengths.get(media);
    return seconds ?? (whole === undefined ? undefined : Math.max(0, whole - start));
  };
  const known = entries.flatMap((entry) => secondsOf(entry) ?? []).sort((a, b) => a - b);
  const { duplicates, leaks } = await sameContent(entries, bySize, root);
  const count = (split: Split | 'unknown'): SplitCount => {
    const clips = entries.filter((entry) => entry.split === split);
    const seconds = clips.reduce((sum, entry) => sum + (secondsOf(entry) ?? 0), 0);
    return { clips: clips.length, absent: absent.filter((one) => (one.split ?? 'unknown') === split).length, seconds };
  };
  const reasons: Record<string, number> = {};
  for (const { reason } of absent) reasons[reason] = (reasons[reason] ?? 0) + 1;
  return {
    splits: { train: count('train'), validation: count('validation'), test: count('test'), unknown: count('unknown') },
    reasons,
    absent,
    broken: broken.sort((a, b) => (a.path < b.path ? -1 : 1)),
    duplicates,
    leaks,
    lengths: {
      shortest: known[0] ?? 0,
      median: known[known.length >> 1] ?? 0,
      longest: known.at(-1) ?? 0,
      unknown: entries.length - known.length,
    },
    bytes,
    isSound: entries.length > 0 && broken.length === 0 && leaks.length === 0 && !absent.some((one) => isFailure(kind, one)),
  };
}

/** Clips of different files with one content, and test clips that others share a content with; only files of one size are read. */
async function sameContent(entries: readonly Entry[], bySize: ReadonlyMap<number, readonly string[]>, root: string) {
  const clipsOf = new Map<string, Entry[]>();
  for (const entry of entries) add(clipsOf, entry.media, entry);
  const byContent = new Map<string, Entry[]>();
  const alike = [...bySize.values()].map((paths) => paths.filter((path) => clipsOf.has(path))).filter((paths) => paths.length > 1);
  await inParallel(alike.flat(), async (path) => {
    const digest = await digestOf(join(root, path));
    for (const entry of clipsOf.get(path) ?? []) add(byContent, digest, entry);
  });
  const read = new Set(alike.flat());
  const groups = [...byContent.values(), ...[...clipsOf].flatMap(([path, clips]) => (read.has(path) ? [] : [clips]))];
  const ids = (clips: readonly Entry[]) => clips.map(({ id }) => id).sort();
  const areFiles = (clips: readonly Entry[]) => new Set(clips.map(({ media }) => media)).size > 1;
  return { duplicates: groups.filter(areFiles).map(ids).sort(), leaks: groups.filter(isLeak).map(ids).sort() };
}

/** Whether a test clip and another one share a moment. */
const isLeak = (clips: readonly Entry[]): boolean => {
  const endOf = ({ start = 0, seconds = Number.POSITIVE_INFINITY }: Entry) => start + seconds;
  const others = clips.filter(({ split }) => split !== 'test');
  return clips.some(
    (clip) => clip.split === 'test' && others.some((one) => (one.start ?? 0) < endOf(clip) && (clip.start ?? 0) < endOf(one)),
  );
};

function add<Key, Value>(groups: Map<Key, Value[]>, key: Key, value: Value): void {
  const group = groups.get(key);
  if (group) group.push(value);
  else groups.set(key, [value]);
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

async function inParallel<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await work(item);
  };
  await Promise.all(Array.from({ length: IN_WORK }, worker));
}

import { statSync } from 'node:fs';
import { SostenutoError } from '../../errors/problem.ts';
import { afAudioset } from './af-audioset.ts';
import { audeo } from './audeo.ts';
import { audiocaps } from './audiocaps.ts';
import { folder } from './folder.ts';
import { pathsOf } from './manifest.ts';
import { indexMedia } from './media-index.ts';
import { musiccaps } from './musiccaps.ts';
import { NO_FILE, refusedPath } from './paths.ts';
import { piano10h } from './piano-10h.ts';
import { pianoyt } from './pianoyt.ts';
import type { Absent, Entry, Source } from './source.ts';
import { synthetic } from './synthetic.ts';
import { tangoPromptBank } from './tango-prompt-bank.ts';
import { vggsound } from './vggsound.ts';
import { wavcaps } from './wavcaps.ts';

/** Every source by the name that settings and commands give it. */
export const sources = {
  vggsound,
  audiocaps,
  wavcaps,
  'tango-prompt-bank': tangoPromptBank,
  musiccaps,
  'af-audioset': afAudioset,
  pianoyt,
  audeo,
  'piano-10h': piano10h,
  folder,
  synthetic,
} as const satisfies Readonly<Record<string, Source>>;
export type SourceKind = keyof typeof sources;
export const sourceKinds = Object.keys(sources) as SourceKind[];

export interface SourceClips {
  readonly kind: SourceKind;
  readonly entries: readonly Entry[];
  readonly absent: readonly Absent[];
}

/**
 * All clips of a source whose files are there, and the others with their reasons.
 * @throws SostenutoError MANIFEST_MISSING where there is no such folder or none of its lists; MANIFEST_* where a list cannot be taken apart
 */
export async function readSource(kind: SourceKind, root: string): Promise<SourceClips> {
  const place = statSync(root, { throwIfNoEntry: false });
  if (place?.isDirectory() !== true)
    throw new SostenutoError({
      code: 'MANIFEST_MISSING',
      what: 'The folder of a source is not there',
      where: root,
      found: place ? 'a file' : 'nothing',
      expected: 'the folder that holds its lists and media',
    });
  const entries: Entry[] = [];
  const absent: Absent[] = [];
  const ids = new Set<string>();
  for await (const row of sources[kind].read(root, indexMedia(root))) {
    if ('absent' in row) {
      absent.push(row.absent);
      continue;
    }
    const { entry } = row;
    const refused = pathsOf(entry).flatMap(([field, path]) => {
      const why = refusedPath(root, path);
      return why === undefined ? [] : [{ why, detail: `${field} ${path}: ${why}` }];
    });
    const { id, split, youtube } = entry;
    const reason = refused.every(({ why }) => why === NO_FILE) ? 'missing' : 'refused path';
    if (refused.length > 0) absent.push({ id, split, youtube, reason, detail: refused.map(({ detail }) => detail).join('; ') });
    else if (ids.has(id)) absent.push({ id, split, youtube, reason: 'duplicate id', detail: 'it stands twice; the first is kept' });
    else entries.push(entry);
    ids.add(id);
  }
  if (entries.length + absent.length === 0)
    throw new SostenutoError({ code: 'MANIFEST_EMPTY', what: 'A source has no clips', where: root, expected: 'one row a clip' });
  return { kind, entries, absent };
}

/** One's own sets; of the others some media are always gone. */
const OWN: readonly SourceKind[] = ['folder', 'synthetic'];
/** Whether someone has to mend something: what is gone from a public set is only counted, and so is what is kept out of training. */
export const isFailure = (kind: SourceKind, { reason }: Absent): boolean =>
  reason !== 'excluded' && (reason !== 'missing' || OWN.includes(kind));
/** Name of a clip among those of all sources; one's own keep theirs. */
export const clipIdOf = (kind: SourceKind, id: string): string => (OWN.includes(kind) ? id : `${kind}-${id}`);

/** Takes every clip whose video is in the test set of any of the sources out of their other splits. */
export function withoutTestVideos(read: readonly SourceClips[]): SourceClips[] {
  const tested = new Map<string, SourceKind>();
  for (const { kind, entries, absent } of read) {
    for (const { youtube, split } of entries) if (split === 'test' && youtube !== undefined) tested.set(youtube, kind);
    // A test clip whose file is missing here may be measured elsewhere.
    for (const { youtube, split } of absent) if (split === 'test' && youtube !== undefined) tested.set(youtube, kind);
  }
  return read.map(({ kind, entries, absent }) => {
    const owner = ({ youtube, split }: Entry) => (split === 'test' || youtube === undefined ? undefined : tested.get(youtube));
    const left = entries.flatMap((entry): Absent[] => {
      const other = owner(entry);
      const detail = `its video ${entry.youtube} is in the test set of ${other}`;
      return other === undefined ? [] : [{ id: entry.id, split: entry.split, reason: 'excluded', detail }];
    });
    return { kind, entries: entries.filter((entry) => owner(entry) === undefined), absent: [...absent, ...left] };
  });
}

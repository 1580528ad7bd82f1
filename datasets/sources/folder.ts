import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Problem, SostenutoError } from '../../errors/problem.ts';
import { type ManifestRow, readManifest } from './manifest.ts';
import { kindOf, type MediaIndex } from './media-index.ts';
import { refusedPath } from './paths.ts';
import { badRow, type ClipSet, type Row, type Source } from './source.ts';
import { decodeText, noManifest } from './text.ts';

const MANIFESTS = ['manifest.jsonl', 'manifest.ndjson', 'manifest.csv', 'manifest.json'];

/** One's own clips: with a manifest (docs/data.md), or a folder whose media files are the clips, captions in `.txt` and notes in `.mid` beside them. */
export const folder: Source = {
  summary: 'one’s own clips: manifest.jsonl, .csv or .json with id, split, caption, media; or media files with .txt and .mid beside them',
  async *read(root, media) {
    const manifests = MANIFESTS.filter((name) => existsSync(join(root, name)));
    const [manifest, second] = manifests;
    if (second !== undefined)
      throw new SostenutoError({
        code: 'MANIFEST_FORMAT',
        what: 'A folder has several manifests',
        where: root,
        found: manifests.join(', '),
        expected: 'one',
        hint: 'rename those that are not meant',
      });
    if (manifest === undefined) yield* clipsOf(root, media);
    else yield* manifestRows(root, manifest);
  },
};

/** Rows of a manifest in a folder below the root; whether their files are there is asked later, as of every source. */
export async function* manifestRows(root: string, name: string, set?: ClipSet): AsyncGenerator<Row> {
  const within = dirname(name) === '.' ? '' : `${dirname(name)}/`;
  const { rows, problems } = await readManifest(join(root, name), { locate: (path) => path });
  const place = (path: string | undefined) => path && `${within}${path}`;
  for (const { row: _, caption, media, audio, midi, views, ...clip } of rows) {
    const seen = views && Object.fromEntries(Object.entries(views).map(([view, path]) => [view, `${within}${path}`]));
    const paths = { media: `${within}${media}`, audio: place(audio), midi: place(midi), views: seen };
    yield { entry: { ...clip, ...paths, captions: [caption], set: set ?? setOf({ ...clip, media, midi }) } };
  }
  for (const problem of problems) yield badRow(problem);
}

const setOf = ({ media, midi, pianist }: Pick<ManifestRow, 'media' | 'midi' | 'pianist'>): ClipSet =>
  midi !== undefined || pianist !== undefined ? 'piano' : kindOf(media) === 'video' ? 'events' : 'sounds';

/** Every media file is a clip of the training split, or of the one whose name its first folder has. */
function* clipsOf(root: string, media: MediaIndex): Generator<Row> {
  const known = new Set(media.paths);
  const clips = media.paths.filter((path) => kindOf(path) !== 'midi');
  if (clips.length === 0) throw noManifest(root, `${MANIFESTS.join(', ')}, or media files`);
  for (const path of clips) {
    const base = path.slice(0, path.lastIndexOf('.'));
    const first = path.split('/')[0] ?? '';
    const midi = ['.mid', '.midi'].map((extension) => base + extension).find((one) => known.has(one));
    const caption = captionOf(root, `${base}.txt`);
    if (typeof caption !== 'string') {
      yield badRow(caption);
      continue;
    }
    yield {
      entry: {
        id: base.replaceAll(/[^\w.-]/g, '_').replace(/^\.+/, ''),
        set: setOf({ media: path, midi, pianist: undefined }),
        split: first === 'validation' || first === 'test' ? first : 'train',
        captions: [caption],
        media: path,
        midi,
        ...(midi !== undefined && kindOf(path) === 'video' && { views: { front: path } }),
      },
    };
  }
}

/** What a text beside a file says, nothing where there is none, or what is wrong with it. */
function captionOf(root: string, path: string): string | Problem {
  if (refusedPath(root, path) !== undefined) return '';
  try {
    return decodeText(readFileSync(join(root, path)), path).trim();
  } catch (error) {
    if (error instanceof SostenutoError && error.problems[0]) return error.problems[0];
    throw error;
  }
}

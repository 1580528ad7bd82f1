import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { MediaIndex, MediaKind } from './media-index.ts';
import { type Box, badRow, found, type Source } from './source.ts';
import { readLines, readText } from './text.ts';

type AudeoSplit = 'train' | 'test';

/**
 * Audeo: `Video_Id.md` lists addresses under `# Training` and, without the mark, `Testing`. The crops of `piano_coords.py` (x before y,
 * corners) stand in the same order. Videos and pseudo MIDI are found by YouTube id, or, as its folders are named, by `No.<number>` below
 * `training` or `testing`. Pictures and pickled labels without a sound cannot be used and count as missing.
 */
export const audeo: Source = {
  summary: 'Audeo: Video_Id.md, piano_coords.py, <youtube id>.mp4 and .mid, or "… No.<n> …" below training, testing',
  async *read(root, media) {
    const path = join(root, 'Video_Id.md');
    const boxes = await readBoxes(join(root, 'piano_coords.py'));
    const counts = { train: 0, test: 0 };
    let split: AudeoSplit = 'train';
    for await (const { line, text } of readLines(path)) {
      if (/^[#\s]*train/i.test(text)) split = 'train';
      else if (/^[#\s]*test/i.test(text)) split = 'test';
      else if (text.trim() !== '') {
        const youtube = /(?:youtu\.be\/|[?&]v=)([\w-]{11})(?![\w-])/.exec(text)?.[1];
        if (youtube === undefined) {
          const what = 'A line is no address of a video';
          yield badRow({ code: 'MANIFEST_ROW', what, where: `${path}:${line}`, found: text.slice(0, 80) });
          continue;
        }
        const number = ++counts[split];
        const video = fileOf(media, youtube, split, number, ['video']);
        const midi = fileOf(media, youtube, split, number, ['midi']);
        const entry = {
          id: youtube,
          set: 'piano' as const,
          split,
          captions: ['piano playing'],
          midi,
          ...(video !== undefined && { views: { front: video } }),
          crop: boxes[split][number - 1],
          label: 'piano',
          youtube,
        };
        yield found(entry, midi && video, `${youtube}.${video === undefined ? 'mp4' : 'mid'}, nor a "No.${number}" in ${split}ing`);
      }
    }
  },
};

/** By id, or by the number in a path such as `training/… No.3 …`. */
function fileOf(media: MediaIndex, youtube: string, split: AudeoSplit, number: number, kinds: readonly MediaKind[]): string | undefined {
  const numbered = media.paths.filter((path) => path.includes(`${split}ing/`) && new RegExp(`\\bNo\\.${number}(?!\\d)`).test(path));
  return (
    media.find([youtube], kinds) ??
    media.find(
      numbered.map((path) => baseOf(path)),
      kinds,
      (path) => numbered.includes(path),
    )
  );
}
const baseOf = (path: string) => path.slice(path.lastIndexOf('/') + 1).replace(/\.[^.]*$/, '');

/** Corners (x1, y1, x2, y2) of the keyboard in each video. A missing file leaves the pictures whole. */
async function readBoxes(path: string): Promise<Record<AudeoSplit, readonly Box[]>> {
  if (!existsSync(path)) return { train: [], test: [] };
  let text = '';
  for await (const piece of readText(path)) text += piece;
  const boxesOf = (name: string): Box[] => {
    const list = new RegExp(`${name}\\s*=\\s*\\[([^\\]]*)\\]`).exec(text)?.[1] ?? '';
    return [...list.matchAll(/\(\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\)/g)].map((match) => {
      const [x = 0, y = 0, right = 0, bottom = 0] = match.slice(1).map(Number);
      return { x, y, width: right - x, height: bottom - y };
    });
  };
  return { train: boxesOf('train_piano_coords'), test: boxesOf('test_piano_coords') };
}

import { join } from 'node:path';
import { z } from 'zod';
import { readJsonLines } from './manifest.ts';
import { badRow, found, type Source } from './source.ts';

/** The four sets that the bank takes its sounds from, as its folders are called. */
const PARTS = ['esc-50', 'gtzan', 'musical-instruments', 'urban-sound-8k'];

const item = z.object({ captions: z.union([z.string(), z.array(z.string()).min(1)]), location: z.string().min(1) });

/** TangoPromptBank: `data.json` is JSON Lines in spite of its name; a `location` may begin with folders of the machine that it was made on. */
export const tangoPromptBank: Source = {
  summary: 'TangoPromptBank: data.json (JSON Lines), sounds in esc-50, gtzan, musical-instruments, urban-sound-8k',
  async *read(root, media) {
    const path = join(root, 'data.json');
    const known = new Set(media.paths);
    for await (const line of readJsonLines(path)) {
      if ('problem' in line) {
        yield badRow(line.problem);
        continue;
      }
      const { data } = item.safeParse(line.value);
      if (data === undefined) {
        const what = 'A row of TangoPromptBank is wrong';
        const expected = '{captions, location}';
        yield badRow({
          code: 'MANIFEST_ROW',
          what,
          where: `${path}:${line.row}`,
          found: JSON.stringify(line.value).slice(0, 80),
          expected,
        });
        continue;
      }
      const place = withinBank(data.location);
      const id = place.replaceAll(/[^\w.-]/g, '_').replace(/^\.+/, '');
      const captions = typeof data.captions === 'string' ? [data.captions] : data.captions;
      // A way out of the folder is refused where paths are checked, not taken for a missing file.
      const isThere = known.has(place) || place.split('/').includes('..');
      yield found({ id, set: 'sounds', split: 'train', captions }, isThere ? place : undefined, place);
    }
  },
};

/** The path from the folder of its part on. */
function withinBank(location: string): string {
  const parts = location.split('/').filter((part) => part !== '' && part !== '.');
  const from = parts.findLastIndex((part) => PARTS.includes(part));
  return parts.slice(Math.max(0, from)).join('/');
}

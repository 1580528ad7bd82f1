import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readTable, requireColumns } from './csv.ts';
import { badRow, found, type Source } from './source.ts';
import { noManifest } from './text.ts';

const COLUMNS = ['ytid', 'start_s', 'end_s', 'caption', 'is_audioset_eval'];
const FILES = ['musiccaps-public.csv', 'musiccaps.csv'];

/** MusicCaps: one table; `is_audioset_eval` (True or False) is its split. Captions are quoted and may hold line ends. */
export const musiccaps: Source = {
  summary: 'MusicCaps: musiccaps-public.csv, <youtube id>.wav',
  async *read(root, media) {
    const path = FILES.map((name) => join(root, name)).find((candidate) => existsSync(candidate));
    if (path === undefined) throw noManifest(root, FILES.join(' or '));
    for await (const line of readTable(path, requireColumns(path, COLUMNS))) {
      if ('problem' in line) {
        yield badRow(line.problem);
        continue;
      }
      const { ytid = '', start_s: start = '', end_s: end = '', caption = '', is_audioset_eval: isEval = '' } = line.values;
      if (!/^[\w-]{11}$/.test(ytid) || !/^\d+$/.test(start) || !/^\d+$/.test(end) || !/^(true|false)$/i.test(isEval)) {
        const what = 'A row of MusicCaps is wrong';
        const expected = 'an id of 11 characters, whole seconds, True or False for is_audioset_eval';
        yield badRow({ code: 'MANIFEST_ROW', what, where: `${path}:${line.row}`, found: [ytid, start, end, isEval].join(','), expected });
        continue;
      }
      const split = isEval.toLowerCase() === 'true' ? 'test' : 'train';
      const names = [ytid, `${ytid}_${start}_${end}`, `[${ytid}]-[${start}-${end}]`, `Y${ytid}`];
      yield found(
        { id: ytid, set: 'sounds', split, captions: [caption], youtube: ytid },
        media.find(names, ['audio', 'video']),
        `${ytid}.wav`,
      );
    }
  },
};

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readTable, requireColumns } from './csv.ts';
import { badRow, found, type Source, type Split } from './source.ts';
import { noManifest } from './text.ts';

const COLUMNS = ['audiocap_id', 'youtube_id', 'start_time', 'caption'];
const FILES: readonly (readonly [string, Split])[] = [
  ['train.csv', 'train'],
  ['val.csv', 'validation'],
  ['test.csv', 'test'],
];

/** AudioCaps: three tables with a header. Clips of `val` and `test` have five rows, one a caption; they stand anywhere in the file. */
export const audiocaps: Source = {
  summary: 'AudioCaps: train.csv, val.csv, test.csv, <youtube id>.wav',
  async *read(root, media) {
    const tables = FILES.flatMap(([name, split]) => {
      const path = ['', 'dataset'].map((folder) => join(root, folder, name)).find((candidate) => existsSync(candidate));
      return path === undefined ? [] : [{ path, split }];
    });
    if (tables.length === 0) throw noManifest(root, FILES.map(([name]) => name).join(', '));
    for (const { path, split } of tables) {
      const clips = new Map<string, { youtube: string; start: string; captions: string[]; ids: string[] }>();
      for await (const line of readTable(path, requireColumns(path, COLUMNS))) {
        if ('problem' in line) yield badRow(line.problem);
        else {
          const { audiocap_id: id = '', youtube_id: youtube = '', start_time: start = '', caption = '' } = line.values;
          if (!/^[\w-]{11}$/.test(youtube) || !/^\d+$/.test(start)) {
            yield badRow(wrong(`${path}:${line.row}`, Object.values(line.values).join(',')));
            continue;
          }
          const clip = clips.get(`${youtube}_${start}`) ?? { youtube, start, captions: [], ids: [] };
          clip.captions.push(caption);
          clip.ids.push(id);
          clips.set(`${youtube}_${start}`, clip);
        }
      }
      for (const [id, { youtube, start, captions, ids }] of clips) {
        const names = [youtube, `Y${youtube}`, id, `Y${id}`, `${youtube}_${start.padStart(6, '0')}`, ...ids];
        yield found({ id, set: 'sounds', split, captions, youtube }, media.find(names, ['audio', 'video']), `${youtube}.wav`);
      }
    }
  },
};

const wrong = (where: string, line: string) => ({
  code: 'MANIFEST_ROW',
  what: 'A row of AudioCaps is wrong',
  where,
  found: line,
  expected: 'a YouTube id of 11 characters and whole seconds',
});

import { join } from 'node:path';
import { readTable } from './csv.ts';
import { badRow, found, type Source } from './source.ts';

const COLUMNS = ['youtube id', 'start second', 'label', 'split'];

/** VGGSound: `vggsound.csv` has no header; labels with commas are quoted; a clip's file is `<id>_<start, six digits>.mp4`. */
export const vggsound: Source = {
  summary: 'VGGSound: vggsound.csv, <id>_<start>.mp4',
  async *read(root, media) {
    const path = join(root, 'vggsound.csv');
    for await (const line of readTable(path, COLUMNS)) {
      if ('problem' in line) {
        yield badRow(line.problem);
        continue;
      }
      const { 'youtube id': youtube = '', 'start second': start = '', label = '', split = '' } = line.values;
      if (!/^[\w-]{11}$/.test(youtube) || !/^\d+$/.test(start) || (split !== 'train' && split !== 'test')) {
        const what = 'A row of VGGSound is wrong';
        const expected = 'an id of 11 characters, whole seconds, a label, train or test';
        yield badRow({ code: 'MANIFEST_ROW', what, where: `${path}:${line.row}`, found: Object.values(line.values).join(','), expected });
        continue;
      }
      const id = `${youtube}_${start.padStart(6, '0')}`;
      yield found({ id, set: 'events', split, captions: [label], label, youtube }, media.find([id], ['video']), `${id}.mp4`);
    }
  },
};

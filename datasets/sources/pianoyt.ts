import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readTable } from './csv.ts';
import { badRow, found, type Source } from './source.ts';
import { noManifest } from './text.ts';

const FILES = ['pianoyt.csv', 'pianoyt_videos.csv'];
const COLUMNS = ['video id', 'url', 'split', 'min y', 'max y', 'min x', 'max x'];

/**
 * PianoYT: a table without a header; split 1 is training, 3 is test, and there is no validation set; the crop gives y before x. MIDI is
 * `audio_<id>.0.midi`, transcribed from the sound, note ends lengthened by the pedal. Some of the videos are gone.
 */
export const pianoyt: Source = {
  summary: 'PianoYT: pianoyt.csv, <youtube id>.mp4, audio_<youtube id>.0.midi',
  async *read(root, media) {
    const path = FILES.map((name) => join(root, name)).find((candidate) => existsSync(candidate));
    if (path === undefined) throw noManifest(root, FILES.join(' or '));
    for await (const line of readTable(path, COLUMNS)) {
      if ('problem' in line) {
        yield badRow(line.problem);
        continue;
      }
      const { 'video id': youtube = '', split = '' } = line.values;
      const [top = 0, bottom = 0, left = 0, right = 0] = COLUMNS.slice(3).map((name) => Number(line.values[name] || Number.NaN));
      if (!/^[\w-]{11}$/.test(youtube) || !['1', '3'].includes(split.trim()) || !(0 <= top && top < bottom && 0 <= left && left < right)) {
        const what = 'A row of PianoYT is wrong';
        const expected = 'an id, an address, 1 or 3, and min y < max y, min x < max x';
        yield badRow({ code: 'MANIFEST_ROW', what, where: `${path}:${line.row}`, found: Object.values(line.values).join(','), expected });
        continue;
      }
      const video = media.find([youtube], ['video']);
      const midi = media.find([`audio_${youtube}.0`, `audio_${youtube}`, youtube], ['midi']);
      const entry = {
        id: youtube,
        set: 'piano' as const,
        split: split.trim() === '1' ? ('train' as const) : ('test' as const),
        captions: ['piano playing'],
        midi,
        ...(video !== undefined && { views: { front: video } }),
        crop: { x: left, y: top, width: right - left, height: bottom - top },
        label: 'piano',
        youtube,
      };
      yield found(entry, midi && video, video === undefined ? `${youtube}.mp4` : `audio_${youtube}.0.midi`);
    }
  },
};

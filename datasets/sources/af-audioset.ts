import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readJsonLines } from './manifest.ts';
import { nameOf } from './media-index.ts';
import { badRow, found, type Source } from './source.ts';
import { noManifest } from './text.ts';

const FILES = ['AF-AudioSet.json', 'audioset_train_af.json'];
const item = z.union([
  z.object({ ytid: z.string().min(1), caption: z.string() }),
  z.object({ id: z.string().min(1), caption: z.string(), audio: z.string().optional() }),
]);

/**
 * AF-AudioSet: `AF-AudioSet.json` is JSON Lines of {ytid, caption}; the lists of the released training code, {id, caption, audio}, are read
 * as well (their `audio` is a path of another machine). It has no test set of its own.
 */
export const afAudioset: Source = {
  summary: 'AF-AudioSet: AF-AudioSet.json (JSON Lines), Y<youtube id>.wav',
  async *read(root, media) {
    const path = FILES.map((name) => join(root, name)).find((candidate) => existsSync(candidate));
    if (path === undefined) throw noManifest(root, FILES.join(' or '));
    for await (const line of readJsonLines(path)) {
      const data = 'problem' in line ? undefined : item.safeParse(line.value).data;
      const name = data && ('ytid' in data ? data.ytid : nameOf(data.id));
      const youtube = name?.length === 12 ? name.replace(/^Y/, '') : name;
      if ('problem' in line) yield badRow(line.problem);
      else if (data === undefined || youtube === undefined || !/^[\w-]{11}$/.test(youtube)) {
        const what = 'A row of AF-AudioSet is wrong';
        const expected = '{ytid, caption}, the id of 11 characters, or of 12 with a Y in front';
        yield badRow({
          code: 'MANIFEST_ROW',
          what,
          where: `${path}:${line.row}`,
          found: JSON.stringify(line.value).slice(0, 80),
          expected,
        });
      } else {
        const place = media.find([`Y${youtube}`, youtube], ['audio', 'video']);
        yield found({ id: youtube, set: 'sounds', split: 'train', captions: [data.caption], youtube }, place, `Y${youtube}.wav`);
      }
    }
  },
};

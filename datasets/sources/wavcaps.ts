import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { SostenutoError } from '../../errors/problem.ts';
import { readElements } from './json-elements.ts';
import { nameOf } from './media-index.ts';
import { badRow, found, type Source } from './source.ts';
import { noManifest, readText } from './text.ts';

/** Folder of a part, which is also in the path of its sounds, and its list. */
const PARTS = [
  ['AudioSet_SL', 'as_final.json'],
  ['FreeSound', 'fsd_final.json'],
  ['BBC_Sound_Effects', 'bbc_final.json'],
  ['SoundBible', 'sb_final.json'],
] as const;

const item = z.object({
  id: z.union([z.string().min(1), z.number()]).transform(String),
  caption: z.union([z.string(), z.array(z.string()).min(1)]),
  duration: z.number().optional(),
});

/**
 * WavCaps: a list for each of its four sources. Ids of AudioSet are `Y<youtube id>.wav`, though the sounds are `.flac`; `audio` says
 * `wav_path` only. What a list in `blacklist/` names is left out. The parts share numbers, so a sound is looked for in its part's folder.
 */
export const wavcaps: Source = {
  summary: 'WavCaps: as_final.json, fsd_final.json, bbc_final.json, sb_final.json, <id>.flac',
  async *read(root, media) {
    const lists = PARTS.flatMap(([part, name]) => {
      const path = ['', part, `json_files/${part}`].map((folder) => join(root, folder, name)).find((candidate) => existsSync(candidate));
      return path === undefined ? [] : [{ part, path }];
    });
    if (lists.length === 0) throw noManifest(root, PARTS.map(([, name]) => name).join(', '));
    const excluded = await readBlacklists(root);
    for (const { part, path } of lists) {
      for await (const { row, value } of readElements(path)) {
        const { data } = item.safeParse(value);
        if (data === undefined) {
          const what = 'An element of WavCaps is no captioned sound';
          yield badRow({ code: 'MANIFEST_ROW', what, where: `${path}:${row}`, found: JSON.stringify(value)?.slice(0, 80) ?? 'nothing' });
          continue;
        }
        const name = part === 'AudioSet_SL' ? nameOf(data.id) : data.id;
        const id = `${part}-${name.replaceAll(/[^\w.-]/g, '_')}`;
        const list = excluded.get(`${part} ${name}`);
        if (list !== undefined) yield { absent: { id, split: 'train', reason: 'excluded', detail: `it stands in ${list}` } };
        else {
          const captions = typeof data.caption === 'string' ? [data.caption] : data.caption;
          const youtube = part === 'AudioSet_SL' ? name.replace(/^Y/, '') : undefined;
          const path = media.find([name], ['audio'], (one) => lists.length === 1 || one.includes(part));
          yield found({ id, set: 'sounds', split: 'train', captions, youtube }, path, `${name}.flac of ${part}`);
        }
      }
    }
  },
};

/** Ids that the lists of the set itself exclude, by part, with the name of the list. */
async function readBlacklists(root: string): Promise<Map<string, string>> {
  const excluded = new Map<string, string>();
  for (const folder of ['blacklist', 'json_files/blacklist'].filter((name) => existsSync(join(root, name)))) {
    for (const name of readdirSync(join(root, folder)).filter((one) => one.endsWith('.json'))) {
      let text = '';
      for await (const piece of readText(join(root, folder, name))) text += piece;
      const { data } = z.record(z.string(), z.array(z.union([z.string(), z.number()]))).safeParse(parsed(text));
      if (data === undefined) throw noBlacklist(join(root, folder, name), text);
      for (const [source, ids] of Object.entries(data)) {
        const part = PARTS.find(([one]) => one.startsWith(source))?.[0] ?? source;
        for (const id of ids) excluded.set(`${part} ${part === 'AudioSet_SL' ? nameOf(String(id)) : id}`, name);
      }
    }
  }
  return excluded;
}

const noBlacklist = (where: string, text: string) =>
  new SostenutoError({
    code: 'MANIFEST_FORMAT',
    what: 'A blacklist of WavCaps is none',
    where,
    found: text.slice(0, 80),
    expected: 'lists of ids by source: {"FreeSound": […], "AudioSet": […]}',
    hint: 'take it out of the folder, or replace it by the published one',
  });

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Every media file below a folder by the name without its extension, so that a set is found however it was unpacked. */
import { readdirSync } from 'node:fs';
import { extname, join } from 'node:path';

const VIDEO = ['.mp4', '.mkv', '.webm', '.mov', '.avi', '.flv'];
const AUDIO = ['.wav', '.flac', '.mp3', '.ogg', '.opus', '.m4a', '.aac', '.aiff', '.aif'];
const MIDI = ['.midi', '.mid'];
const kinds = { video: VIDEO, audio: AUDIO, midi: MIDI } as const;
export type MediaKind = keyof typeof kinds;

export const kindOf = (path: string): MediaKind | undefined => {
  const extension = extname(path).toLowerCase();
  return (['video', 'audio', 'midi'] as const).find((kind) => kinds[kind].includes(extension));
};
/** Of one kind the first extension in its list wins, of equal ones the first path. */
const rankOf = (path: string, kind: MediaKind): number => kinds[kind].indexOf(extname(path).toLowerCase());

export interface MediaIndex {
  /** All media files, sorted; relative to the root, with `/`. */
  readonly paths: readonly string[];
  /** A file with one of these names, of the first of these kinds that has any. */
  find(names: readonly string[], kinds: readonly MediaKind[], accept?: (path: string) => boolean): string | undefined;
}

/** Walks the folder once. Links to files are listed (whether they may be used is asked later), links to folders are not followed. */
export function indexMedia(root: string): MediaIndex {
  const paths: string[] = [];
  const byName = new Map<string, string[]>();
  const walk = (folder: string) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (kindOf(path) !== undefined) paths.push(path);
    }
  };
  walk('');
  paths.sort();
  for (const path of paths) {
    const name = nameOf(path);
    const known = byName.get(name);
    if (known) known.push(path);
    else byName.set(name, [path]);
  }
  return {
    paths,
    find(names, wanted, accept = () => true) {
      for (const kind of wanted) {
        for (const name of names) {
          const found = (byName.get(name) ?? []).filter((path) => kindOf(path) === kind && accept(path));
          const best = found.sort((a, b) => rankOf(a, kind) - rankOf(b, kind))[0];
          if (best !== undefined) return best;
        }
      }
      return undefined;
    },
  };
}

/** Last part of a path without its extension. */
export const nameOf = (path: string): string => {
  const last = path.slice(path.lastIndexOf('/') + 1);
  return last.slice(0, last.length - extname(last).length);
};

import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { extname, isAbsolute, join } from 'node:path';
import { SostenutoError } from '../../errors/problem.ts';

const SOUNDS = ['.wav', '.flac', '.mp3', '.m4a', '.ogg', '.opus', '.aac'];
export const FILMS = ['.mp4', '.mkv', '.mov', '.webm', '.avi'];
export const NOTES = ['.mid', '.midi'];
export const CAPTION = '.txt';
/** Embeddings that other programs made: a tensor [n, width] for each clip, named after it. */
export const EMBEDDINGS = ['clip.safetensors', 'captions.safetensors', 'clap.safetensors', 'passt.safetensors'];
/** What a node of `video-to-audio` lays beside its sounds: notes, motion, captions, the rolls that guided. */
const BESIDE = ['truth.arrow', 'truth.json', 'motion.arrow', 'motion.json', 'clips.json', 'guide.arrow', 'guide.json', 'guide-kind.json'];

const kindOf = (name: string) => extname(name).toLowerCase();
export const isSound = (name: string): boolean => [...SOUNDS, ...FILMS].includes(kindOf(name));
export const isWanted = (name: string): boolean =>
  isSound(name) || [...NOTES, CAPTION].includes(kindOf(name)) || [...BESIDE, ...EMBEDDINGS].includes(name);

/** Where what is judged lies: a folder with what tells its present content from another one, or a tree of the store. */
export type Source = { readonly folder: string; readonly stamp: string } | { readonly digest: string };

/** Looks at a folder without reading its files. Throws `BAD_SETTING` for one that is not there, or a path that is not absolute. */
export function sourceOf(setting: string, text: string): Source {
  if (/^[0-9a-f]{64}$/.test(text)) return { digest: text };
  const bad = (found: string) =>
    new SostenutoError({
      code: 'BAD_SETTING',
      what: `The setting ${setting} names no folder that can be read.`,
      where: setting,
      found,
      expected: 'the absolute path of a folder, or the 64 digits of a tree in the store',
    });
  if (!isAbsolute(text)) throw bad(text);
  try {
    return { folder: text, stamp: stampOf(filesOf(text).filter(isWanted), text) };
  } catch (error) {
    throw bad(error instanceof Error ? error.message : String(error));
  }
}

export const isFolder = (path: string): boolean => isAbsolute(path) && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** A file that is given by path, with a stamp of its own. Throws `BAD_SETTING`. */
export function fileOf(setting: string, path: string): { path: string; stamp: string } {
  const status = isAbsolute(path) ? statSync(path, { throwIfNoEntry: false }) : undefined;
  if (status?.isFile()) return { path, stamp: `${status.size} ${Math.round(status.mtimeMs)}` };
  const what = `The setting ${setting} names no file.`;
  throw new SostenutoError({ code: 'BAD_SETTING', what, where: setting, found: path, expected: 'the absolute path of a file' });
}

/** Names of the files below a folder, with `/`, sorted. Links are not followed. */
export const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.replace(/\/+$/, '').length + 1))
    .sort();

/** Names, sizes and ages. */
function stampOf(names: readonly string[], folder: string): string {
  const hash = createHash('sha256');
  for (const name of names) {
    const { size, mtimeMs } = statSync(join(folder, name));
    hash.update(`${name}\0${size} ${Math.round(mtimeMs)}\n`);
  }
  return hash.digest('hex');
}

/** Name of a clip: its path without the ending and without the folder in which this project's nodes keep sounds. */
export const clipName = (name: string, kept: string): string => {
  const own = name.startsWith(`${kept}/`) ? name.slice(kept.length + 1) : name;
  return own.slice(0, own.length - extname(own).length);
};

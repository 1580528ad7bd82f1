/** What all sources have in common: rows of a public file become clips of one shape, and what cannot be used has a reason. */
import { basename } from 'node:path';
import type { Problem } from '../../errors/problem.ts';
import type { MediaIndex } from './media-index.ts';

export type Split = 'train' | 'validation' | 'test';
/** Which part of a training batch a clip belongs to. */
export type ClipSet = 'sounds' | 'events' | 'piano';

/** Part of a picture, in pixels. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A clip as a source lists it; paths are relative to the source's root. */
export interface Entry {
  /** Unique within the source; letters, digits, `-`, `_` and `.`. */
  readonly id: string;
  readonly set: ClipSet;
  readonly split: Split;
  /** At least one, perhaps empty; the first is trained on. */
  readonly captions: readonly string[];
  /** Sound, or video with sound. */
  readonly media: string;
  /** The sound, if it is kept apart from `media`. */
  readonly audio?: string | undefined;
  readonly midi?: string | undefined;
  /** Camera views by name. */
  readonly views?: Readonly<Record<string, string>> | undefined;
  /** Where the clip begins in its files, and how long it is, if it is not all of them. */
  readonly start?: number | undefined;
  readonly seconds?: number | undefined;
  /** The keyboard in the picture. */
  readonly crop?: Box | undefined;
  readonly label?: string | undefined;
  readonly piece?: string | undefined;
  readonly pianist?: string | undefined;
  /** The video that it was cut from: by it, test clips are kept out of every training set. */
  readonly youtube?: string | undefined;
  /** When it was made, ISO 8601; of a clip that does not say it, its file's time of change counts. */
  readonly time?: string | undefined;
}

export const reasons = ['missing', 'refused path', 'bad row', 'duplicate id', 'excluded', 'broken'] as const;
/** A clip that is listed and cannot be used. */
export interface Absent {
  /** Its id, or file and row where it has none. */
  readonly id: string;
  readonly split?: Split | undefined;
  readonly youtube?: string | undefined;
  readonly reason: (typeof reasons)[number];
  /** One line: what was looked for, or what is wrong. */
  readonly detail: string;
}

/** What a row gives: a clip whose files were found, or what is in the way. */
export type Row = { readonly entry: Entry } | { readonly absent: Absent };
export const badRow = ({ code, what, where, found, expected }: Problem): Row => ({
  absent: {
    id: where === undefined ? '?' : basename(where),
    reason: code === 'MANIFEST_DUPLICATE' ? 'duplicate id' : 'bad row',
    detail: [what, found && `found ${found}`, expected && `expected ${expected}`].filter(Boolean).join('; '),
  },
});

/** A clip, if the file that it needs is there. */
export const found = (entry: Omit<Entry, 'media'>, media: string | undefined, wanted: string): Row =>
  media === undefined
    ? { absent: { id: entry.id, split: entry.split, youtube: entry.youtube, reason: 'missing', detail: `no ${wanted}` } }
    : { entry: { ...entry, media } };

/** One public set. Each has a file of its own. */
export interface Source {
  /** One line for the help. */
  readonly summary: string;
  /**
   * The rows of its files below `root`, in their order.
   * @throws SostenutoError MANIFEST_* where a file of the set cannot be taken apart at all
   */
  read(root: string, media: MediaIndex): AsyncIterable<Row>;
}

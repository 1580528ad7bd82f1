/**
 * A feature shard is one Arrow IPC file. Every clip is one record batch of the single column `value`, a fixed-size list
 * of `channels` numbers a row, so a clip is read by one positioned read. The schema's metadata `sostenuto` says what
 * the rows are and which clip each batch holds.
 */
export type Element = 'float32' | 'uint8';

export interface ShardClip {
  readonly id: string;
  /** Rows of the clip: frames, tokens or samples. */
  readonly rows: number;
  /** What a reader needs besides the numbers: caption, split, width and height … */
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}
export interface ShardHeader {
  /** `latents`, `text`, `roll`, `audio`, `frames` … */
  readonly kind: string;
  readonly element: Element;
  readonly channels: number;
  /** Rows a second, where the rows are a time axis. */
  readonly rate?: number;
  readonly clips: readonly ShardClip[];
}

export type Values = Float32Array | Uint8Array;
export const METADATA_KEY = 'sostenuto';

import { sha256 } from '../../../engine/keys/keys.ts';

/** MLflow's own limits (mlflow/utils/validation.py of 3.17; tags as in 2.x). */
const limits = { key: 250, param: 6000, tag: 5000, entities: 1000, pairs: 100, digest: 36 } as const;
/** A request may have 1,000,000 characters; its frame takes some. */
const requestBytes = 800_000;

export interface Pair {
  readonly key: string;
  readonly value: string;
}
export interface Point {
  readonly key: string;
  /** JSON has no NaN. */
  readonly value: number | 'NaN';
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly step: number;
}

/** A name that MLflow takes: other signs become `-`, empty parts of a path go, what is too long keeps its beginning and a digest. */
export function keyOf(name: string): string {
  // `a, b: c` reads well without its signs.
  const parts = name
    .replace(/[,:;] /g, ' ')
    .split('/')
    .map((part) => part.replace(/[^\w.\- ]/g, '-').trim());
  const key = parts.filter((part) => part !== '' && part !== '.' && part !== '..').join('/') || '-';
  return key.length <= limits.key ? key : `${key.slice(0, limits.key - 13)}-${sha256(name).slice(0, 12)}`;
}

/** `loss` → `train/loss`, `validation F1` → `validation/F1`: MLflow draws one section of charts for each first part. */
export function metricKey(name: string): string {
  if (name.startsWith('system/')) return keyOf(name);
  const [, section = 'train', rest = name] = /^(validation) (.+)$/.exec(name) ?? [];
  return keyOf(`${section}/${rest.replaceAll('/', ' of ')}`);
}

/** A text of at most so many characters; one that was cut says so, with its length and digest. */
function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const note = ` … (${text.length} characters, sha256 ${sha256(text).slice(0, 12)})`;
  // Half of a surrogate pair is no text.
  return text.slice(0, limit - note.length).replace(/[\uD800-\uDBFF]$/, '') + note;
}

/** Nested settings as flat params: `data.piano`, lists as JSON. Two names that become one are told apart by a digest. */
export function paramsOf(settings: unknown): Pair[] {
  const pairs = new Map<string, string>();
  const add = (name: string, value: unknown): void => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0) {
      for (const [part, inner] of Object.entries(value)) add(name === '' ? part : `${name}.${part}`, inner);
      return;
    }
    const key = keyOf(name);
    const isTaken = pairs.has(key);
    pairs.set(
      isTaken ? keyOf(`${key.slice(0, limits.key - 13)}-${sha256(name).slice(0, 12)}`) : key,
      cut(typeof value === 'string' ? value : JSON.stringify(value), limits.param),
    );
  };
  add('', settings ?? {});
  // A pipeline without settings has one empty object.
  pairs.delete('-');
  return [...pairs].map(([key, value]) => ({ key, value }));
}

export const tagsOf = (tags: Readonly<Record<string, string | number | undefined>>): Pair[] =>
  Object.entries(tags).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value: cut(String(value), limits.tag) }]));

/** A sha256 as the digest of a dataset. */
export const datasetDigest = (digest: string): string => digest.slice(0, limits.digest);

/** Pieces of a list that fit into one request each. */
export function requests<T extends Pair | Point>(items: readonly T[]): T[][] {
  const pieces: T[][] = [];
  let bytes = 0;
  for (const item of items) {
    const size = Buffer.byteLength(JSON.stringify(item)) + 1;
    const most = 'step' in item ? limits.entities : limits.pairs;
    const last = pieces.at(-1);
    if (last === undefined || last.length >= most || bytes + size > requestBytes) {
      pieces.push([item]);
      bytes = size;
    } else {
      last.push(item);
      bytes += size;
    }
  }
  return pieces;
}

import { SostenutoError } from '../../errors/problem.ts';

export type Dtype = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U64' | 'U32' | 'U16' | 'U8' | 'BOOL';
export const BYTES: Readonly<Record<Dtype, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
};
/** The limit of the reference library. */
export const MAXIMUM_HEADER = 100_000_000;

export interface TensorEntry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Byte range inside the data area, end exclusive. */
  readonly begin: number;
  readonly end: number;
}
export interface Header {
  readonly entries: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

export const refuse = (where: string, found: string, expected: string, hint?: string): SostenutoError =>
  new SostenutoError({
    code: 'SAFETENSORS_INVALID',
    what: 'The file is not a valid safetensors file.',
    where,
    found,
    expected,
    ...(hint ? { hint } : {}),
  });

/** Length of the header from the first 8 bytes, checked against the file before anything of that size is allocated. */
export function headerLength(start: Uint8Array, fileBytes: number, where: string): number {
  if (fileBytes < 8) throw refuse(where, `${fileBytes} bytes`, 'at least 8 bytes');
  const text = new TextDecoder('latin1').decode(start);
  if (/^\s*</.test(text))
    throw refuse(where, 'text that looks like HTML', 'tensors', 'an error page was saved in place of the file: download it again');
  if (text.startsWith('version ')) throw refuse(where, 'a Git LFS pointer', 'tensors', 'fetch the file itself (git lfs pull)');
  if (text.startsWith('PK\u0003\u0004'))
    throw refuse(where, 'a zip archive, such as torch.save writes', 'safetensors', 'convert the checkpoint to safetensors first');
  const length = new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(MAXIMUM_HEADER)) throw refuse(where, `a header of ${length} bytes`, `at most ${MAXIMUM_HEADER} bytes`);
  if (length > BigInt(fileBytes - 8))
    throw refuse(
      where,
      `a header of ${length} bytes in a file of ${fileBytes} bytes`,
      'a header that ends inside the file',
      'the file may be cut off',
    );
  return Number(length);
}

/**
 * Reads and checks the JSON header: the tensors must fill the data area exactly, without hole or overlap.
 * Stricter than the reference library in two points: a name may occur once, and the header begins with `{`. Unknown fields of an entry and a null `__metadata__` are ignored.
 */
export function parseHeader(bytes: Uint8Array, dataBytes: number, where: string): Header {
  let text: string;
  let root: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw refuse(where, 'a header that is not UTF-8', 'UTF-8');
  }
  try {
    root = JSON.parse(text);
  } catch (error) {
    throw refuse(where, `a header that is not JSON (${error instanceof Error ? error.message : error})`, 'a JSON object');
  }
  if (!isRecord(root) || !text.startsWith('{'))
    throw refuse(where, `a header that begins with ${JSON.stringify(text.slice(0, 12))}`, 'a JSON object');
  const twice = repeatedKey(text);
  if (twice !== undefined) throw refuse(`${where}, tensor ${JSON.stringify(twice)}`, 'the name twice', 'every name once');
  const entries = new Map<string, TensorEntry>();
  for (const [name, entry] of Object.entries(root))
    if (name !== '__metadata__') entries.set(name, parseEntry(entry, `${where}, tensor ${JSON.stringify(name)}`));
  checkTiling(entries, dataBytes, where);
  return { entries, metadata: parseMetadata(root.__metadata__, where) };
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isSize = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

function parseMetadata(value: unknown, where: string): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (!isRecord(value)) throw refuse(`${where}, __metadata__`, JSON.stringify(value), 'an object of strings');
  const out: Record<string, string> = {};
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw refuse(`${where}, __metadata__.${key}`, JSON.stringify(text), 'a string');
    out[key] = text;
  }
  return out;
}

function parseEntry(entry: unknown, where: string): TensorEntry {
  if (!isRecord(entry)) throw refuse(where, JSON.stringify(entry), 'an object with dtype, shape and data_offsets');
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(BYTES, dtype))
    throw refuse(`${where}, dtype`, JSON.stringify(dtype) ?? 'nothing', Object.keys(BYTES).join(', '));
  if (!Array.isArray(shape) || !shape.every(isSize))
    throw refuse(`${where}, shape`, JSON.stringify(shape) ?? 'nothing', 'whole numbers ≥ 0');
  const [begin, end] = Array.isArray(offsets) && offsets.length === 2 ? offsets : [];
  if (!isSize(begin) || !isSize(end) || begin > end)
    throw refuse(`${where}, data_offsets`, JSON.stringify(offsets) ?? 'nothing', '[begin, end] with 0 ≤ begin ≤ end');
  const size = shape.reduce((product, side) => product * BigInt(side), BigInt(BYTES[dtype as Dtype]));
  if (size !== BigInt(end - begin)) throw refuse(where, `${end - begin} bytes`, `${size} bytes for ${dtype} [${shape}]`);
  return { dtype: dtype as Dtype, shape, begin, end };
}

function checkTiling(entries: ReadonlyMap<string, TensorEntry>, dataBytes: number, where: string): void {
  let at = 0;
  for (const [name, { begin, end }] of [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at)
      throw refuse(`${where}, tensor ${JSON.stringify(name)}`, `data from byte ${begin}`, `data from byte ${at}, without hole or overlap`);
    at = end;
  }
  if (at !== dataBytes)
    throw refuse(
      where,
      `${dataBytes} bytes of data`,
      `${at} bytes, as the header says`,
      at > dataBytes ? 'the file may be cut off' : undefined,
    );
}

/** The first key that occurs twice at the top level of a JSON object; JSON.parse would silently keep the last one. */
function repeatedKey(json: string): string | undefined {
  const seen = new Set<string>();
  let depth = 0;
  for (const match of json.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g)) {
    const [token, colon] = match;
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (depth === 1 && colon !== undefined) {
      const key: string = JSON.parse(token.slice(0, token.length - colon.length));
      if (seen.has(key)) return key;
      seen.add(key);
    }
  }
  return undefined;
}

/** Text files that may be larger than a string can be: read in pieces, strictly as UTF-8. */
import { createReadStream } from 'node:fs';
import { SostenutoError } from '../../errors/problem.ts';

/** Longest row, in characters: a file that never ends a line must not fill the memory. */
export const LONGEST_ROW = 2 ** 22;

const POINTER = 'version https://git-lfs.github.com/spec/';

/** Takes bytes piece by piece. @throws SostenutoError MANIFEST_ENCODING with the line, MANIFEST_FORMAT for a Git LFS pointer. */
function strictDecoder(where: string): (bytes: Uint8Array, isLast: boolean) => string {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  let isFirst = true;
  return (bytes, isLast) => {
    if (isFirst && isUtf16(bytes)) throw encodingError(where, 'UTF-16', 'UTF-16');
    let text: string;
    try {
      text = decoder.decode(bytes, { stream: !isLast });
    } catch (cause) {
      const before = new TextDecoder().decode(bytes).split('\uFFFD', 1)[0] ?? '';
      throw encodingError(`${where}:${line + endings(before)}`, 'bytes that are no UTF-8', 'LATIN1', cause);
    }
    // UTF-16 without a mark is valid UTF-8 full of zeros.
    const zero = text.indexOf('\0');
    if (zero >= 0) throw encodingError(`${where}:${line + endings(text.slice(0, zero))}`, 'zero bytes', 'UTF-16LE');
    if (isFirst && text.startsWith(POINTER)) throw pointer(where);
    line += endings(text);
    isFirst = false;
    return text;
  };
}

const isUtf16 = (bytes: Uint8Array) => (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
const endings = (text: string): number => {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
};

/** UTF-8 with or without a byte order mark; anything else is refused rather than guessed. */
export const decodeText = (bytes: Uint8Array, where: string): string => strictDecoder(where)(bytes, true);

/**
 * The text of a file in pieces.
 * @throws SostenutoError MANIFEST_MISSING, MANIFEST_ENCODING; MANIFEST_FORMAT for a Git LFS pointer.
 */
export async function* readText(path: string): AsyncGenerator<string> {
  const decode = strictDecoder(path);
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) yield decode(chunk, false);
  } catch (cause) {
    if (cause instanceof SostenutoError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new SostenutoError(
      {
        code: 'MANIFEST_MISSING',
        what: 'A manifest cannot be opened',
        where: path,
        found: FOUND[code] ?? code,
        expected: 'a file',
        hint: LISTS,
      },
      { cause },
    );
  }
  yield decode(new Uint8Array(0), true);
}

/** Lines with their numbers, from 1, without their ends. @throws what `readText` throws, and MANIFEST_FORMAT for an endless line. */
export async function* readLines(path: string): AsyncGenerator<{ readonly line: number; readonly text: string }> {
  let rest = '';
  let line = 0;
  for await (const piece of readText(path)) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) yield { line: ++line, text: text.endsWith('\r') ? text.slice(0, -1) : text };
    if (rest.length > LONGEST_ROW) throw endlessRow(path, line + 1);
  }
  if (rest !== '') yield { line: line + 1, text: rest };
}

export const endlessRow = (where: string, row: number) =>
  new SostenutoError({
    code: 'MANIFEST_FORMAT',
    what: 'A row of a manifest does not end',
    where: `${where}:${row}`,
    found: `more than ${LONGEST_ROW} characters`,
    expected: 'one clip a row',
  });

const encodingError = (where: string, found: string, from: string, cause?: unknown) =>
  new SostenutoError(
    {
      code: 'MANIFEST_ENCODING',
      what: 'A manifest is not UTF-8 text',
      where,
      found,
      expected: 'UTF-8',
      hint: `convert it: iconv -f ${from} -t UTF-8`,
    },
    { cause },
  );
const pointer = (where: string) =>
  new SostenutoError({
    code: 'MANIFEST_FORMAT',
    what: 'A manifest was not downloaded: in its place lies a pointer of Git LFS',
    where,
    hint: 'fetch the file itself: git lfs pull, or the download of the file’s page',
  });

const FOUND: Readonly<Record<string, string>> = { ENOENT: 'nothing', EISDIR: 'a folder', EACCES: 'a file that may not be read' };
const LISTS = 'docs/data.md says which files each source has, and where they come from';
/** A folder without the files by which a set is known. */
export const noManifest = (where: string, expected: string) =>
  new SostenutoError({
    code: 'MANIFEST_MISSING',
    what: 'The files that list the clips are not there',
    where,
    expected,
    hint: LISTS,
  });

import { SostenutoError } from '../../errors/problem.ts';
import { endlessRow, LONGEST_ROW, readText } from './text.ts';

/**
 * The elements of the first list of a JSON file, one at a time: of `[…]` and of `{"data": […]}` alike. What follows the list is not looked at.
 * @throws SostenutoError what `readText` throws; MANIFEST_FORMAT where there is no list, an element is no JSON, or the list does not end.
 */
export async function* readElements(path: string): AsyncGenerator<{ readonly row: number; readonly value: unknown }> {
  let element = '';
  /** Open brackets, of which those before the list; −1: not there yet. */
  let depth = 0;
  let listDepth = -1;
  let isText = false;
  let isEscaped = false;
  let row = 0;
  const refuse = (what: string, found: string, cause?: unknown) =>
    new SostenutoError({ code: 'MANIFEST_FORMAT', what, where: path, found, expected: 'a JSON list of clips' }, { cause });
  const parsed = () => {
    row++;
    try {
      return { row, value: JSON.parse(element) as unknown };
    } catch (cause) {
      throw refuse('A manifest is not JSON', `element ${row}: ${(cause as Error).message}`, cause);
    } finally {
      element = '';
    }
  };
  for await (const piece of readText(path)) {
    /** Where what belongs to the element begins in this piece. */
    let from = 0;
    for (let at = 0; at < piece.length; at++) {
      const character = piece[at];
      if (isText) {
        if (isEscaped) isEscaped = false;
        else if (character === '\\') isEscaped = true;
        else if (character === '"') isText = false;
        continue;
      }
      if (character === '"') isText = true;
      else if (character === '[' || character === '{') {
        depth++;
        if (listDepth < 0 && character === '[') {
          listDepth = depth;
          from = at + 1;
        }
      } else if (character === ']' || character === '}' || character === ',') {
        if (depth === listDepth) {
          element += piece.slice(from, at);
          from = at + 1;
          if (character === ',' || row > 0 || element.trim() !== '') yield parsed();
          if (character === ']') return;
        }
        if (character !== ',') depth--;
      }
    }
    if (listDepth >= 0) element += piece.slice(from);
    if (element.length > LONGEST_ROW) throw endlessRow(path, row + 1);
  }
  if (listDepth >= 0) throw refuse('A manifest is not JSON', `the list does not end after ${row} elements`);
  if (depth !== 0) throw refuse('A manifest is not JSON', 'it ends within an object');
  throw refuse('A manifest is not a list', 'no list');
}

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readElements } from '../../../datasets/sources/json-elements.ts';
import { folderWith } from './set-folder.ts';

const path = join(folderWith({ 'list.json': '' }), 'list.json');
async function read(text: string): Promise<unknown[]> {
  await writeFile(path, text);
  const values: unknown[] = [];
  for await (const { value } of readElements(path)) values.push(value);
  return values;
}

test('the elements are those that JSON.parse gives, however the list is written', () =>
  fc.assert(
    fc.asyncProperty(fc.array(fc.jsonValue()), fc.constantFrom(undefined, 1), async (list, indent) => {
      const values = JSON.parse(JSON.stringify(list));
      expect(await read(JSON.stringify(list, undefined, indent))).toEqual(values);
      expect(await read(JSON.stringify({ count: 1, data: list, after: [1] }, undefined, indent))).toEqual(values);
    }),
    { numRuns: 60 },
  ));

test.each(['', '[1, 2', '[1,, 2]', '[{"a": 1]', '{"a": {"b": 1}', '[1, 2,]', 'nothing'])('%j is refused', (text) =>
  expect(read(text)).rejects.toMatchObject({ code: 'MANIFEST_FORMAT' }),
);

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { licenceIn } from '../../../datasets/sources/licence.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'licence-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test.each([
  ['LICENSE', '\n  MIT License\n\nCopyright', 'MIT License'],
  ['licence.md', '# CC BY 4.0\n', 'CC BY 4.0'],
  ['COPYING.txt', '---\nGPL', 'GPL'],
])('the licence of a set is what its file %s begins with', (name, text, said) => {
  writeFileSync(join(root, name), text);
  expect(licenceIn(root)).toBe(said);
});

test('a set without such a file, or with an empty one, says nothing', () => {
  writeFileSync(join(root, 'licensed.csv'), 'MIT');
  expect(licenceIn(root)).toBeUndefined();
  writeFileSync(join(root, 'LICENSE'), '\n\n');
  expect(licenceIn(root)).toBeUndefined();
  expect(licenceIn(join(root, 'gone'))).toBeUndefined();
});

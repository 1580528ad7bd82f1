import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { verbs } from '../../cli/verbs.ts';
import { stageTable, withTable } from '../../scripts/stages.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const documents = [
  'README.md',
  'THIRD_PARTY.md',
  'CHANGELOG.md',
  ...['architecture', 'comparison', 'data', 'decisions', 'errors', 'operations', 'store', 'tracking', 'words'].map(
    (name) => `docs/${name}.md`,
  ),
];

test('the table of stages is the one that the pipeline gives (npx tsx scripts/stages.ts writes it)', () => {
  expect(withTable(read('README.md'), stageTable())).toBe(read('README.md'));
});

test('a table that is out of date would be noticed', () => {
  const old = read('README.md').replace('| **ingest**', '| **inhale**');
  expect(withTable(old, stageTable())).not.toBe(old);
});

test('the example in the README is the one that is executed', () => {
  const [, shown] = /```ts\n(\/\*\* Counts the words[\s\S]*?)```/.exec(read('README.md')) ?? [];
  expect(shown).toBe(read('examples/word-count/pipeline.ts'));
});

test.each(documents)('%s links to nothing that is missing', (path) => {
  const links = [...read(path).matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)].map(([, link = '']) => link);
  expect(links.filter((link) => !existsSync(join(root, dirname(path), link)))).toEqual([]);
});

test.each(documents)('%s names only verbs that exist', (path) => {
  const known = new Set([...verbs.map(({ name }) => name), 'help']);
  // Nothing but a whole call in code marks or a code block counts: prose may say "sostenuto run".
  const named = [...read(path).matchAll(/(?:^|`)(?:npx )?sostenuto ([a-z]+)/gm)].map(([, verb = '']) => verb);
  expect(named.filter((verb) => !known.has(verb))).toEqual([]);
});

test.each(documents)('%s names only scripts that exist', (path) => {
  const { scripts } = JSON.parse(read('package.json'));
  const named = [...read(path).matchAll(/npm run ([a-z:-]+)/g)].map(([, name = '']) => name);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

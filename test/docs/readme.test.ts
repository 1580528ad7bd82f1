import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { declareProgram } from '../../cli/main.ts';
import { verbs } from '../../cli/verbs.ts';
import { stageTable, withTable } from '../../scripts/stages.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
const documents = ['README.md', 'THIRD_PARTY.md', 'CHANGELOG.md', ...pages.map((name) => `docs/${name}`)];

/** Options of a call, written as in the documents, that its verb does not have. */
async function unknownOptions(call: string): Promise<string[]> {
  // What stands behind a wide gap explains the call.
  const words = (call.split(/\s{3,}|\s#/, 1)[0] ?? '').split(/\s+/);
  const program = await declareProgram(words);
  const verb = program.commands.find((one) => one.name() === words[0]);
  const command = verb?.commands.find((one) => one.name() === words[1]) ?? verb;
  const known = command?.options.flatMap(({ long, short }) => [long, short]) ?? [];
  return words.flatMap((word) => {
    const [option = ''] = /^\[?(--?[a-z][a-z-]*)/.exec(word)?.slice(1) ?? [];
    return option === '' || option === '--help' || known.includes(option) ? [] : [`${option} of ${call}`];
  });
}

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

test.each(documents)('%s gives verbs only options that they have', async (path) => {
  const calls = [...read(path).matchAll(/(?:^|`)(?:[A-Z_]+=\S+ )*(?:npx )?sostenuto ([a-z]+[^`\n]*)/gm)].map(([, call = '']) => call);
  expect((await Promise.all(calls.map(unknownOptions))).flat()).toEqual([]);
});

test('an option that a verb does not have would be noticed', async () => {
  expect(await unknownOptions('schedule apply [--prune] --purge   makes it so --like this')).toEqual([
    '--purge of schedule apply [--prune] --purge   makes it so --like this',
  ]);
});

test.each(documents)('%s names only scripts that exist', (path) => {
  const { scripts } = JSON.parse(read('package.json'));
  const named = [...read(path).matchAll(/npm run ([a-z:-]+)/g)].map(([, name = '']) => name);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const entry = join(root, 'cli', 'sostenuto.mjs');
const folder = mkdtempSync(join(tmpdir(), 'command-'));
const execute = promisify(execFile);
const environment = { ...process.env, SOSTENUTO_HOME: join(folder, 'home'), SOSTENUTO_SERVER_PORT: '1' };
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes down every file that Node loads as a module or a native library. */
const spy = join(folder, 'spy.cjs');
const seen = join(folder, 'seen.json');
writeFileSync(
  spy,
  `const Module = require('node:module');
const files = new Set();
const resolve = Module._resolveFilename;
Module._resolveFilename = function (...given) { const found = resolve.apply(this, given); if (found.startsWith('/')) files.add(found); return found; };
process.on('exit', () => require('node:fs').writeFileSync(${JSON.stringify(seen)}, JSON.stringify([...files])));`,
);
async function filesLoadedBy(...words: string[]): Promise<string[]> {
  await execute(process.execPath, ['--require', spy, entry, ...words], { cwd: join(root, 'examples', 'word-count'), env: environment });
  const files: string[] = JSON.parse(readFileSync(seen, 'utf8'));
  return files.filter((file) => file !== spy).map((file) => relative(root, file));
}

describe('the bundled command', () => {
  // Whoever comes first after a change makes the bundles.
  beforeAll(async () => void (await filesLoadedBy('plan', 'word-count')));

  test.each([['--help'], ['run --help'], ['plan word-count']])('%s loads one file, and none of the packages', async (words) => {
    expect(await filesLoadedBy(...words.split(' '))).toEqual([join('cli', 'build', 'load.cjs')]);
  });

  test('would be told apart from a command that reads its sources', async () => {
    const files = await filesLoadedBy('sql', 'SELECT 1');
    expect(files.some((file) => file.includes('@duckdb'))).toBe(true);
  });

  test('is written in ASCII, which is what it is read as', () => {
    const builds = join(root, '.sostenuto', 'build');
    const newest =
      readdirSync(builds)
        .filter((name) => name.startsWith('command-'))
        .sort()
        .at(-1) ?? '';
    const bundles = readdirSync(join(builds, newest)).filter((name) => name.endsWith('.cjs'));
    expect(bundles).toContain('command.cjs');
    for (const bundle of bundles)
      expect(
        readFileSync(join(builds, newest, bundle)).findIndex((byte) => byte > 127),
        bundle,
      ).toBe(-1);
  });

  test('names sources in its stack traces, its own and those of a project', async () => {
    writeFileSync(
      join(folder, 'pipeline.ts'),
      `import { definePipeline } from ${JSON.stringify(join(root, 'index.ts'))};
import { z } from ${JSON.stringify(pathToFileURL(join(root, 'node_modules/zod/index.js')).href)};

interface OnlyATypeThatTakesALine { readonly line: 4 }
export const failing = definePipeline({
  name: 'failing', description: '', settings: z.strictObject({}), presets: { default: {} },
  build: () => { throw new RangeError('not like this'); },
});`,
    );
    writeFileSync(
      join(folder, 'temporal.config.ts'),
      `export default { pipelines: { failing: { module: './pipeline.ts', export: 'failing' } } };`,
    );
    const failed = execute(process.execPath, [entry, 'plan', 'failing', '--verbose'], { cwd: folder, env: environment });
    const { stderr }: { stderr: string } = await failed.then(
      () => ({ stderr: '' }),
      (error) => error,
    );
    expect(stderr).toContain('RangeError: not like this');
    expect(stderr).toContain(`${join(folder, 'pipeline.ts')}:7:`);
    expect(stderr).toContain(`${join(root, 'engine', 'plan', 'plan.ts')}:`);
    expect(stderr).not.toContain('command.cjs');
  });
});

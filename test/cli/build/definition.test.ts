import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { importDefinition } from '../../../cli/build/definition.ts';

const folder = mkdtempSync(join(tmpdir(), 'definition-'));
const builds = join(folder, 'builds');
afterAll(() => rmSync(folder, { recursive: true }));

/** A source that was written long ago, so that it counts as settled. */
function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  const past = Date.now() / 1000 - 60 - Math.random();
  utimesSync(path, past, past);
  return pathToFileURL(path).href;
}
const bundles = (): string[] => readdirSync(builds).filter((name) => name.endsWith('.mjs'));

describe('a definition', () => {
  test('is imported as from its source: it knows its own place, and finds what it imports', async () => {
    write('helper.ts', 'export const half = (value: number): number => value / 2;\nexport const place: string = import.meta.url;');
    const url = write(
      'one.ts',
      `import { half, place } from './helper.ts';\nexport const values = [half(4), import.meta.url, place] as const;`,
    );
    const { values } = await importDefinition(url, builds);
    expect(values).toEqual([2, url, pathToFileURL(join(folder, 'helper.ts')).href]);
  });

  test('stays the same module as long as its sources stay, and is a new one when any of them changes', async () => {
    write('size.ts', 'export const size: number = 1;');
    const url = write('two.ts', `import { size } from './size.ts';\nexport const box = { size };`);
    const first = await importDefinition(url, builds);
    const count = bundles().length;
    expect(await importDefinition(url, builds)).toBe(first);
    write('size.ts', 'export const size: number = 2;');
    expect((await importDefinition(url, builds))['box']).toEqual({ size: 2 });
    expect(first['box']).toEqual({ size: 1 });
    // The bundle from before is gone.
    expect(bundles()).toHaveLength(count);
  });

  test('with a remark more is the same module: its content names it', async () => {
    const url = write('three.ts', 'export const three: number = 3;');
    const before = await importDefinition(url, builds);
    write('three.ts', '// A remark.\nexport const three: number = 3;');
    expect(await importDefinition(url, builds)).toBe(before);
  });

  test.each(['video-to-audio', 'codec'])('of the project, %s, is imported by a command that is not bundled itself', async (name) => {
    const url = new URL(`../../../pipelines/${name}/pipeline.ts`, import.meta.url).href;
    const before = bundles();
    expect(Object.values(await importDefinition(url, builds))).toContainEqual(expect.objectContaining({ name }));
    // A module has no `require`, except among these tests.
    const made = bundles().filter((bundle) => !before.includes(bundle));
    expect(made.map((bundle) => readFileSync(join(builds, bundle), 'utf8').includes('Dynamic require'))).toEqual([false]);
  });

  test('that cannot be read says where', async () => {
    const url = write('broken.ts', 'export const broken = {\n');
    await expect(importDefinition(url, builds)).rejects.toThrow(/broken\.ts:2/);
  });
});

import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import type { RunReport } from '../../activities/messages.ts';
import { CommandLine, exampleFolder } from '../cli/support/command-line.ts';
import { freePort, hasServer } from '../end-to-end/fixtures/server.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A project of its own, with this package as one of its dependencies, lying in `node_modules` as npm would put it. */
function anotherRepository(): { folder: string; packageRoot: string } {
  const folder = mkdtempSync(join(tmpdir(), 'sostenuto-other-'));
  const packageRoot = join(folder, 'node_modules', 'sostenuto');
  cpSync(exampleFolder, folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'other', type: 'module' }));
  mkdirSync(join(packageRoot, '.sostenuto'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== 'sostenuto') symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  }
  for (const name of readdirSync(root)) {
    if (!name.startsWith('.') && !['node_modules', 'test'].includes(name))
      cpSync(join(root, name), join(packageRoot, name), { recursive: true });
  }
  // What set-up found for this copy would be the same.
  for (const name of ['setup.json', 'bin']) symlinkSync(join(root, '.sostenuto', name), join(packageRoot, '.sostenuto', name));
  return { folder, packageRoot };
}

describe.runIf(hasServer)('a pipeline in another repository', async () => {
  const { folder, packageRoot } = anotherRepository();
  const sostenuto = new CommandLine({ folder, packageRoot, ports: [await freePort(), await freePort()] });
  afterAll(async () => {
    await sostenuto.end();
    rmSync(folder, { recursive: true, force: true });
  });

  test('runs with this package as a dependency', async () => {
    const { code, json, stderr } = await sostenuto.run('run', 'word-count', '--json');
    expect(code, stderr).toBe(0);
    expect(json<RunReport>().nodes.map(({ id, status }) => `${id} ${status}`)).toEqual(['texts done', 'counts done', 'ranking done']);
  });

  test('is explained by the files of that repository', async () => {
    const { stdout } = await sostenuto.run('explain', 'word-count');
    expect(stdout.trimEnd().split('\n')).toEqual(['✓ texts: reused', '✓ counts: reused', '✓ ranking: reused']);
  });
});

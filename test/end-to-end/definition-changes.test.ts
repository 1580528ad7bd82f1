import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunReport } from '../../activities/messages.ts';
import { CommandLine } from '../cli/support/command-line.ts';
import { freePort, hasServer } from './fixtures/server.ts';

const root = join(import.meta.dirname, '../..');

/** A copy of the steered pipeline that a test edits. */
function editableProject(): { folder: string; edit: (from: string, to: string) => void } {
  const folder = mkdtempSync(join(tmpdir(), 'sostenuto-edited-'));
  cpSync(join(import.meta.dirname, 'fixtures', 'steered'), folder, { recursive: true });
  const edit = (name: string, from: string, to: string): void => {
    const text = readFileSync(join(folder, name), 'utf8');
    if (!text.includes(from)) throw new Error(`${name} does not contain ${from}`);
    writeFileSync(join(folder, name), text.replaceAll(from, to));
  };
  for (const word of ['pipeline', 'ports', 'task']) edit('pipeline.ts', `'../../../../engine/define/${word}.ts'`, "'sostenuto'");
  edit('temporal.config.ts', '../../../../cli/config/define.ts', 'sostenuto/config');
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  mkdirSync(join(folder, 'node_modules'));
  for (const [name, path] of [
    ['sostenuto', root],
    ['zod', join(root, 'node_modules', 'zod')],
  ] as const)
    symlinkSync(path, join(folder, 'node_modules', name));
  return { folder, edit: (from, to) => edit('pipeline.ts', from, to) };
}

describe.runIf(hasServer)('a worker that stays up', { timeout: 120_000 }, async () => {
  const { folder, edit } = editableProject();
  const sostenuto = new CommandLine({ folder, ports: [await freePort(), await freePort(), await freePort()] });
  beforeAll(async () => {
    const { child } = sostenuto.start('up');
    await new Promise((ready) => child.stdout?.once('data', ready));
  });
  afterAll(async () => {
    await sostenuto.end();
    rmSync(folder, { recursive: true, force: true });
  });

  async function run(...settings: string[]): Promise<{ nodes: string[]; stderr: string }> {
    const { json, stderr } = await sostenuto.run('run', 'steered', '--json', ...settings);
    return { nodes: (json<Partial<RunReport>>().nodes ?? []).map(({ id, cache }) => `${id} ${cache}`), stderr };
  }

  test('takes up a node that was added, and reuses the others', async () => {
    expect((await run()).nodes).toEqual(['count miss', 'report miss']);
    edit('    if (isGated)', "    node('again', reportCount, { inputs: { counted }, params: {} });\n    if (isGated)");
    expect((await run()).nodes).toEqual(['count hit', 'report hit', 'again hit']);
  });

  test('takes up a setting that was added, with its limits', async () => {
    edit('gate: z.boolean()', 'gate: z.boolean(), extra: z.int().max(3).default(0)');
    edit('{ to, failAt, gate: isGated }', '{ to, failAt, gate: isGated, extra }');
    edit('params: { to, failAt } }', 'params: { to: to + extra, failAt } }');
    expect((await run('--set', 'extra=2')).nodes[0]).toBe('count miss');
    expect((await run('--set', 'extra=4')).stderr).toContain('a whole number ≤ 3');
  });
});

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import type { RunReport } from '../../activities/messages.ts';
import { CommandLine } from '../cli/support/command-line.ts';
import { freePort, hasServer } from './fixtures/server.ts';

const folder = mkdtempSync(join(tmpdir(), 'sostenuto-spy-'));
const spy = join(folder, 'spy.cjs');
const seen = join(folder, 'seen.json');
/** Writes down every file that Node looks up as a module or a native library. */
writeFileSync(
  spy,
  `const Module = require('node:module');
const files = new Set();
const resolve = Module._resolveFilename;
Module._resolveFilename = function (...given) { const found = resolve.apply(this, given); if (found.startsWith('/')) files.add(found); return found; };
process.on('exit', () => require('node:fs').writeFileSync(${JSON.stringify(seen)}, JSON.stringify([...files])));`,
);

describe.runIf(hasServer)('an unchanged run from nothing', { timeout: 120_000 }, async () => {
  const sostenuto = new CommandLine({ ports: [await freePort(), await freePort()] });
  afterAll(async () => {
    await sostenuto.end();
    rmSync(folder, { recursive: true, force: true });
  });

  async function run(): Promise<{ misses: number; files: string[] }> {
    vi.stubEnv('NODE_OPTIONS', `--require ${spy}`);
    const { json, stderr } = await sostenuto.run('run', 'word-count', '--json');
    vi.unstubAllEnvs();
    const report = json<RunReport>();
    expect(report.status, stderr).toBe('done');
    expect(stderr).toContain('starting the Temporal server');
    expect(existsSync(report.report ?? '')).toBe(true);
    return { misses: report.nodes.filter(({ cache }) => cache === 'miss').length, files: JSON.parse(readFileSync(seen, 'utf8')) };
  }
  const heavy = /node_modules\/(?:@duckdb|esbuild|@tensorflow|apache-arrow|@temporalio\/client)\//;

  test('executes nothing, and loads a dozen files where its packages have hundreds', async () => {
    const first = await run();
    expect(first.misses).toBe(3);
    const again = await run();
    expect(again.misses).toBe(0);
    expect(again.files.filter((file) => heavy.test(file))).toEqual([]);
    expect(again.files.length).toBeLessThanOrEqual(12);
  });

  test('leaves no server record behind, and the next command waits for the server that is ending', async () => {
    expect(existsSync(join(sostenuto.home, 'server.json'))).toBe(false);
    expect((await run()).misses).toBe(0);
  });
});

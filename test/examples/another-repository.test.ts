import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunReport } from '../../activities/messages.ts';
import { CommandLine } from '../cli/support/command-line.ts';
import { freePort, hasServer } from '../end-to-end/fixtures/server.ts';
import { keepTools, makeRepository, root } from './support/repository.ts';

const execute = promisify(execFile);
/** What npm tells the scripts that it runs would send it back to this repository. */
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD$)/i.test(name)));

describe.runIf(hasServer)('a pipeline in another repository', { timeout: 180_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sostenuto-other-'));
  const packageRoot = join(folder, 'node_modules', 'sostenuto');
  const sostenuto = new CommandLine({ folder, packageRoot, ports: [await freePort(), await freePort()] });

  const inFolder = async (program: string, words: readonly string[], more = {}) =>
    (await execute(program, words, { cwd: folder, env: { ...environment, ...more } })).stdout;

  beforeAll(async () => {
    makeRepository(folder);
    await execute('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], { cwd: root, env: environment });
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const flags = ['--offline', '--cache', join(folder, 'cache'), '--ignore-scripts', '--no-audit', '--no-fund'];
    await inFolder('npm', ['install', ...flags, `./sostenuto-${version}.tgz`]);
  });
  afterAll(async () => {
    await sostenuto.end();
    rmSync(folder, { recursive: true, force: true });
  });

  test('is set up with the packages that the repository installed, and with what other projects got before', async () => {
    const cache = join(folder, 'cache');
    const { hasTensorflow, hasKernels } = await keepTools(join(cache, 'sostenuto'));
    const more = { XDG_CACHE_HOME: cache, ...(hasTensorflow ? {} : { SOSTENUTO_BACKEND: 'wasm' }) };
    const { ok, steps, tensorflow, kernels } = JSON.parse(await inFolder('npx', ['--no', 'sostenuto', 'setup', '--json'], more));
    expect(ok, JSON.stringify(steps)).toBe(true);
    expect(steps.find(({ name }: { name: string }) => name === 'packages').found).toMatch(
      /^\d+ dependencies, as the project installed them$/,
    );
    if (hasTensorflow)
      expect(tensorflow).toMatchObject({ backend: 'tensorflow', package: expect.stringContaining(join(packageRoot, '.sostenuto')) });
    expect(kernels.use, kernels.reason).toBe(hasKernels ? 'fused' : 'plain');
    expect(existsSync(join(packageRoot, 'node_modules'))).toBe(false);
  });

  test('finds everything that it needs', async () => {
    const { code, json } = await sostenuto.run('doctor', '--json');
    const { checks } = json<{ checks: { name: string; status: string }[] }>();
    expect(checks.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(code).toBe(0);
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

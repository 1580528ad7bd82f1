import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { resolveConfig } from '../../../cli/config/resolve.ts';
import { runDoctor } from '../../../cli/doctor/doctor.ts';
import { freePorts } from '../server/free-ports.ts';

const folder = mkdtempSync(join(tmpdir(), 'run-doctor-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('ends with another code than 0 when a run could not work, and says why as data', async () => {
  const brokenHome = join(folder, 'a-file');
  writeFileSync(brokenHome, '');
  const { port } = await freePorts();
  const raw = { pipelines: { gone: { module: './gone.ts', export: 'gone' } } };
  const env = { HOME: folder, SOSTENUTO_HOME: brokenHome, TEMPORAL_ADDRESS: `127.0.0.1:${port}`, SOSTENUTO_BACKEND: 'cpu' };
  const packageRoot = resolve(import.meta.dirname, '../../..');
  const config = resolveConfig(raw, env, { file: join(folder, 'temporal.config.ts'), packageRoot, cores: 1, hasGpu: false });
  const written: string[] = [];
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  const code = await runDoctor(config, { json: true }).finally(() => stdout.mockRestore());
  expect(code).toBe(1);
  const { ok, checks }: { ok: boolean; checks: { name: string; status: string }[] } = JSON.parse(written.join(''));
  expect(ok).toBe(false);
  const failed = checks.filter(({ status }) => status === 'fail').map(({ name }) => name);
  expect(failed).toEqual(expect.arrayContaining(['Temporal', 'store', 'pipelines']));
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveConfig } from '../../../cli/config/resolve.ts';
import { checkServer } from '../../../cli/doctor/server.ts';
import { ensureServer, stopServer } from '../../../cli/server/temporal-server.ts';
import { findTemporalTool } from '../../../cli/server/tool.ts';
import { freePorts } from '../server/free-ports.ts';

const hasTool = (() => {
  try {
    return findTemporalTool().path !== '';
  } catch {
    return false;
  }
})();
const folder = mkdtempSync(join(tmpdir(), 'doctor-server-'));
const configWith = (env: Record<string, string>) =>
  resolveConfig(
    { pipelines: { mine: { module: './mine.ts', export: 'mine' } } },
    { HOME: folder, SOSTENUTO_HOME: folder, ...env },
    { file: join(folder, 'temporal.config.ts'), packageRoot: resolve(import.meta.dirname, '../../..'), cores: 1, hasGpu: false },
  );

describe.skipIf(!hasTool)('a server that was started for this home', () => {
  beforeAll(async () => void (await ensureServer({ home: folder, ...(await freePorts()), detached: true })));
  afterAll(async () => {
    await stopServer(folder);
    rmSync(folder, { recursive: true });
  });
  const statuses = async (env: Record<string, string>) => (await checkServer(configWith(env))).map(({ name, status }) => [name, status]);

  it('has what runs need; only workers are missing', async () => {
    expect(await statuses({})).toEqual([
      ['Temporal', 'ok'],
      ['poll rate', 'ok'],
      ['namespace', 'ok'],
      ['search attributes', 'ok'],
      ['queue light', 'warn'],
      ['queue cpu', 'warn'],
      ['queue train', 'warn'],
    ]);
  });

  it('is of no use for a namespace that it does not have', async () => {
    expect(await statuses({ TEMPORAL_NAMESPACE: 'elsewhere' })).toEqual([
      ['Temporal', 'ok'],
      ['poll rate', 'ok'],
      ['namespace', 'fail'],
    ]);
  });
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findConfigFile, loadConfig, loadPipelines } from '../../../cli/config/load.ts';
import { resolveConfig } from '../../../cli/config/resolve.ts';
import type { SostenutoError } from '../../../errors/problem.ts';

const folder = mkdtempSync(join(tmpdir(), 'config-'));
afterAll(() => rmSync(folder, { recursive: true }));
const packageRoot = resolve(import.meta.dirname, '../../..');
const pipelines = { mine: { module: './mine.ts', export: 'mine' } };
const place = { file: join(folder, 'temporal.config.ts'), packageRoot, cores: 4, hasGpu: false };
const env = { HOME: folder };

describe('the configuration', () => {
  it('has a default for everything but the pipelines', () => {
    const config = resolveConfig({ pipelines }, env, { ...place, file: join(packageRoot, 'temporal.config.ts') });
    expect(config).toMatchObject({
      root: packageRoot,
      home: join(packageRoot, '.sostenuto'),
      temporal: { namespace: 'default', connection: {} },
      taskQueue: 'sostenuto',
      slots: { light: 100, cpu: 4, train: 2 },
      ports: {},
      defaultPipeline: 'mine',
    });
    expect(config.temporal.address).toBeUndefined();
  });

  it('trains one thing at a time on a graphics card or a single core', () => {
    expect(resolveConfig({ pipelines }, env, { ...place, hasGpu: true }).slots.train).toBe(1);
    expect(resolveConfig({ pipelines }, env, { ...place, cores: 1 }).slots.train).toBe(1);
    expect(resolveConfig({ pipelines, slots: { train: 3 } }, env, { ...place, hasGpu: true }).slots.train).toBe(3);
  });

  it('lets the environment win over the file', () => {
    const raw = { pipelines, home: 'data', temporal: { address: 'file:1', namespace: 'file' }, ports: { server: 1, web: 2 } };
    const config = resolveConfig(
      raw,
      { ...env, SOSTENUTO_HOME: '/data', TEMPORAL_ADDRESS: 'env:1', SOSTENUTO_SERVER_PORT: '7000', SOSTENUTO_BACKEND: 'wasm' },
      place,
    );
    expect(config).toMatchObject({
      home: '/data',
      temporal: { address: 'env:1', namespace: 'file' },
      ports: { server: 7000, web: 2 },
      backend: 'wasm',
    });
  });

  it('takes server, namespace and TLS from temporal.toml', () => {
    const toml = join(folder, 'temporal.toml');
    writeFileSync(toml, '[profile.default]\naddress = "cloud:7233"\nnamespace = "music"\napi_key = "secret"\n');
    const { temporal } = resolveConfig({ pipelines }, { ...env, TEMPORAL_CONFIG_FILE: toml }, place);
    expect(temporal).toEqual({ address: 'cloud:7233', namespace: 'music', connection: { apiKey: 'secret', tls: true } });
  });

  it("gives every home but the package's own a queue of its own", () => {
    const queue = (home: string) => resolveConfig({ pipelines }, { ...env, SOSTENUTO_HOME: home }, place).taskQueue;
    expect(queue('/one')).toMatch(/^sostenuto-[0-9a-f]{6}$/);
    expect(queue('/one')).not.toBe(queue('/two'));
    expect(queue(join(packageRoot, '.sostenuto'))).toBe('sostenuto');
  });

  it('names all that is wrong at once, with place and value', () => {
    const raw = { pipelines: {}, slots: { cpu: 0 }, colour: 'red' };
    const wrong = () => resolveConfig(raw, { ...env, SOSTENUTO_UI_PORT: 'eighty' }, place);
    expect(wrong).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    const { problems } = catching<SostenutoError>(wrong);
    expect(problems.map(({ what, found }) => [what, found])).toEqual([
      ['The environment variable SOSTENUTO_UI_PORT is wrong.', 'eighty'],
      ["The configuration's field slots.cpu is wrong.", '0'],
      ["The configuration's field pipelines is wrong.", '{}'],
      ['The configuration has unknown fields: colour.', 'colour'],
    ]);
  });
});

function catching<E>(action: () => unknown): E {
  try {
    action();
  } catch (error) {
    return error as E; // the tests look at its fields
  }
  throw new Error('nothing was thrown');
}

describe('the file', () => {
  const project = join(folder, 'project');
  mkdirSync(join(project, 'deep', 'er'), { recursive: true });
  const write = (text: string) => writeFileSync(join(project, 'temporal.config.ts'), text);

  it("is the nearest one above the working directory, else the package's own", () => {
    write('export default {}');
    expect(findConfigFile(join(project, 'deep', 'er'))).toBe(join(project, 'temporal.config.ts'));
    expect(findConfigFile('/')).toBe(join(packageRoot, 'temporal.config.ts'));
  });

  it('may live in a project elsewhere, with pipelines of its own', async () => {
    write("export default { pipelines: { mine: { module: './mine.ts', export: 'mine' } } };");
    writeFileSync(
      join(project, 'mine.ts'),
      "export const mine = { name: 'mine', description: '', settings: {}, presets: {}, build: () => {} };",
    );
    const config = await loadConfig(join(project, 'deep'), env);
    expect(config).toMatchObject({ root: project, home: join(project, '.sostenuto'), packageRoot });
    expect([...(await loadPipelines(config)).keys()]).toEqual(['mine']);
  });

  it('says which module of a pipeline is missing', async () => {
    const config = resolveConfig({ pipelines: { gone: { module: './gone.ts', export: 'gone' } } }, env, place);
    await expect(loadPipelines(config)).rejects.toMatchObject({ code: 'PIPELINE_UNREADABLE', message: expect.stringContaining('gone.ts') });
  });
});

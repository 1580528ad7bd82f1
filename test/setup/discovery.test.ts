import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { choose, ffmpeg, type TemporalProbes, temporal, tensorflow } from './modules.ts';

const folder = mkdtempSync(join(tmpdir(), 'setup-discovery-'));
afterAll(() => rmSync(folder, { recursive: true }));

const no = (reason: string) => async (): Promise<never> => {
  throw new Error(reason);
};

describe('where Temporal comes from', () => {
  /** A world in which nothing is there; each test adds to it. */
  const nothing: TemporalProbes = {
    given: () => undefined,
    listens: async () => false,
    serves: async () => false,
    version: no('not an executable file'),
    onPath: () => undefined,
    kept: no('nothing kept'),
    download: no('no network'),
    build: no('no Go on PATH'),
  };
  const find = (probes: Partial<TemporalProbes>, place: { cliPath?: string; needsTool?: boolean } = {}) =>
    choose.firstThatWorks(
      temporal.temporalCandidates(
        { tools: '/tools', cliPath: place.cliPath, needsTool: place.needsTool ?? false },
        { ...nothing, ...probes },
      ),
    );

  it('is looked for in the documented order, each refusal with its reason', async () => {
    const error = await find({}).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(choose.NothingWorks);
    expect(error).toHaveProperty('tried', [
      { source: 'TEMPORAL_ADDRESS', reason: 'not set, nor in temporal.toml' },
      { source: 'running server', reason: 'none at 127.0.0.1:7233' },
      { source: 'TEMPORAL_CLI_PATH', reason: 'not set' },
      { source: 'PATH', reason: 'no temporal on PATH' },
      { source: '.sostenuto/bin', reason: 'not an executable file' },
      { source: 'cache', reason: 'nothing kept' },
      { source: 'download', reason: 'no network' },
      { source: 'go install', reason: 'no Go on PATH' },
    ]);
  });

  it('is the address asked for, before a running server and before any program', async () => {
    const given = () => ({ address: 'cloud:7233', source: 'temporal.toml' });
    const everything = { given, listens: async () => true, serves: async () => true, version: async () => 'server 1.29.1' };
    expect(await find(everything)).toMatchObject({ source: 'temporal.toml', value: { address: 'cloud:7233' }, tried: [] });
  });

  it('passes over an address that does not answer, and says so', async () => {
    const given = () => ({ address: 'gone:1', source: 'TEMPORAL_ADDRESS' });
    const { source, tried } = await find({ given, serves: async () => true });
    expect(source).toBe('running server');
    expect(tried).toEqual([{ source: 'TEMPORAL_ADDRESS', reason: 'gone:1 does not answer' }]);
  });

  it('is a program when tests need servers of their own', async () => {
    const found = await find(
      { serves: async () => true, version: async () => 'server 1.29.1', onPath: () => '/usr/bin/temporal' },
      { needsTool: true },
    );
    expect(found).toMatchObject({ source: 'PATH', value: { path: '/usr/bin/temporal', version: 'server 1.29.1' } });
  });

  it('prefers what was built before to downloading, and downloading to building', async () => {
    const built = await find({
      version: async (path) => (path === '/tools/bin/temporal' ? 'built' : no('broken')()),
      download: no('must not be asked'),
    });
    expect(built.source).toBe('.sostenuto/bin');
    const version = async (path: string) => (path === '/new' ? 'fresh' : no('absent')());
    expect((await find({ version, download: async () => '/new', build: no('must not be asked') })).source).toBe('download');
    expect((await find({ version, build: async () => '/new' })).source).toBe('go install');
  });

  it('does not take a program that starts but is too old', async () => {
    const version = async (path: string) => (path === '/old' ? no('/old is too old')() : 'server 1.29.1');
    expect(await find({ version }, { cliPath: '/old' })).toMatchObject({ source: '.sostenuto/bin' });
  });
});

describe('which TensorFlow computes', () => {
  const root = '/package';
  const probes = { load: no('its binary is missing'), build: no('no C++ compiler'), versionOf: () => '4.22.0' };
  const find = (changes: Partial<typeof probes>, wanted?: string) =>
    choose.firstThatWorks(tensorflow.tensorflowCandidates({ root, tools: '/tools', wanted }, { ...probes, ...changes }));

  it('is a published binary, else the addon built here, else WebAssembly', async () => {
    const { value, tried } = await find({});
    expect(value).toEqual({ backend: 'wasm', version: '4.22.0' });
    expect(tried.map(({ source }) => source)).toEqual([
      '@tensorflow/tfjs-node-gpu',
      '@tensorflow/tfjs-node',
      'addon in .sostenuto',
      'addon built against the wheel',
    ]);
    const load = async (folder: string) => (folder.endsWith('tfjs-node-gpu') ? no('no driver')() : { version: '2.9.1' });
    expect(await find({ load: load as never })).toMatchObject({
      source: '@tensorflow/tfjs-node',
      value: { backend: 'tensorflow', package: '/package/node_modules/@tensorflow/tfjs-node', version: '2.9.1' },
    });
  });

  it('is not built when WebAssembly was asked for', async () => {
    expect(await find({ build: no('must not be asked') }, 'wasm')).toMatchObject({
      source: 'SOSTENUTO_BACKEND',
      value: { backend: 'wasm' },
      tried: [],
    });
  });
});

describe('where ffmpeg comes from', () => {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const name of ['ffmpeg', 'ffprobe']) writeFileSync(join(bin, name), '', { mode: 0o755 });
  const check = async (one: string, two: string) => ({ ffmpeg: one, ffprobe: two, version: '7.1', libavcodec: '61.3.100' });

  it('is FFMPEG_PATH with the ffprobe beside it, else PATH', async () => {
    const env = { FFMPEG_PATH: join(bin, 'ffmpeg'), PATH: '' };
    const given = await choose.firstThatWorks(ffmpeg.ffmpegCandidates({ root: folder, env }, check));
    expect(given).toMatchObject({ source: 'FFMPEG_PATH', value: { ffprobe: join(bin, 'ffprobe') } });
    const found = await choose.firstThatWorks(ffmpeg.ffmpegCandidates({ root: folder, env: { PATH: bin } }, check));
    expect(found).toMatchObject({ source: 'PATH', tried: [{ source: 'FFMPEG_PATH', reason: 'not set' }] });
  });

  it('refuses all when there is none, naming each', async () => {
    const none = choose.firstThatWorks(ffmpeg.ffmpegCandidates({ root: folder, env: { PATH: '' } }, check));
    const error = await none.catch((reason: unknown) => reason);
    expect(error).toHaveProperty('tried.length', 3);
  });
});

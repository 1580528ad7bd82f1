import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkBackend } from '../../../cli/doctor/backend.ts';
import { checkLines } from '../../../cli/doctor/check.ts';
import { checkDisk, checkStore, checkWeights } from '../../../cli/doctor/data.ts';
import { whyPlain } from '../../../cli/doctor/kernels.ts';
import { checkFfmpeg, checkNode, checkPackages, checkProtobuf } from '../../../cli/doctor/machine.ts';
import { checkAttributes, checkPollRate, checkQueue, checkTool } from '../../../cli/doctor/server.ts';
import { checkTracker } from '../../../cli/doctor/tracker.ts';
import { serverArguments } from '../../../cli/server/flags.ts';
import { findMediaTools } from '../../../datasets/media/tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
afterAll(() => rmSync(folder, { recursive: true }));
const packageRoot = resolve(import.meta.dirname, '../../..');

describe('the machine', () => {
  it('needs Node 20.11', () => {
    expect(checkNode('v20.20.2').status).toBe('ok');
    expect(checkNode('v20.9.0').status).toBe('fail');
    expect(checkNode('v18.20.0').status).toBe('fail');
  });

  it('needs the packages that package.json names', () => {
    expect(checkPackages(packageRoot).status).toBe('ok');
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ dependencies: { 'not-there-at-all': '1' } }));
    expect(checkPackages(folder)).toMatchObject({ status: 'fail', found: 'missing: not-there-at-all' });
  });

  it('has one copy of protobufjs, so that histories can be replayed', () => {
    expect(checkProtobuf(packageRoot)).toMatchObject({ status: 'ok' });
  });

  it('needs an ffmpeg that starts and is new enough', async () => {
    expect(await checkFfmpeg()).toMatchObject({ status: 'ok', found: expect.stringContaining('libavcodec') });
    const gone = await checkFfmpeg(() => findMediaTools({ environment: { FFMPEG_PATH: '/nowhere/ffmpeg' } }));
    expect(gone).toMatchObject({ status: 'fail', found: expect.stringContaining('/nowhere/ffmpeg') });
    const old = join(folder, 'old-ffmpeg');
    writeFileSync(old, '#!/bin/sh\necho "ffmpeg version 2.8"\necho "libavcodec     56. 60.100 / 56. 60.100"\n', { mode: 0o755 });
    const tooOld = await checkFfmpeg(() => ({ ffmpeg: old, ffprobe: old, source: 'environment' }));
    expect(tooOld).toMatchObject({ status: 'fail', found: expect.stringContaining('too old: 2.8') });
  });

  it('says how fast the backend is, and what is wrong when none loads', async () => {
    const measured = { version: '2.21.0', threads: 2, gflops: 150, forGpu: false };
    expect(await checkBackend(undefined, async () => ({ ...measured, name: 'tensorflow' }))).toMatchObject({
      status: 'ok',
      found: 'tensorflow 2.21.0, 2 threads, 150 GFLOP/s',
    });
    expect(await checkBackend(undefined, async () => ({ ...measured, name: 'tensorflow', kernels: 'fused kernels' }))).toMatchObject({
      status: 'ok',
      found: 'tensorflow 2.21.0, 2 threads, 150 GFLOP/s, fused kernels',
    });
    expect(await checkBackend(undefined, async () => ({ ...measured, name: 'wasm' }))).toMatchObject({ status: 'warn' });
    expect(await checkBackend('wasm', async () => ({ ...measured, name: 'wasm' }))).toMatchObject({ status: 'ok' });
    const broken = Object.assign(new Error('failed'), { stderr: 'at x\nError: libtensorflow.so.2: cannot open shared object file\n' });
    expect(await checkBackend(undefined, () => Promise.reject(broken))).toMatchObject({
      status: 'fail',
      found: expect.stringContaining('libtensorflow'),
    });
  });

  it('says why plain operations compute in place of the fused kernels', () => {
    const tools = join(folder, 'tools');
    expect(whyPlain(tools, {})).toBe('none that load here; npx sostenuto setup compiles them');
    mkdirSync(tools);
    writeFileSync(join(tools, 'setup.json'), JSON.stringify({ kernels: { use: 'plain', reason: 'no C++ compiler on PATH' } }));
    expect(whyPlain(tools, {})).toBe('no C++ compiler on PATH');
    expect(whyPlain(tools, { SOSTENUTO_KERNELS: 'plain' })).toBe('SOSTENUTO_KERNELS');
  });

  it('names the graphics cards of a library that is made for them, and warns where there is none', async () => {
    const measure = async () => ({ name: 'tensorflow', version: '2.9.1', threads: 2, gflops: 9000, forGpu: true }) as const;
    expect(await checkBackend(undefined, measure, async () => ['NVIDIA H200, 143771 MiB'])).toMatchObject({
      status: 'ok',
      found: 'tensorflow 2.9.1, NVIDIA H200, 143771 MiB, 9000 GFLOP/s',
    });
    expect(await checkBackend(undefined, measure, () => Promise.reject(new Error('ENOENT')))).toMatchObject({
      status: 'warn',
      found: expect.stringContaining('no graphics card'),
      fix: expect.stringContaining('driver'),
    });
  });
});

describe('the data', () => {
  it('needs a store that can be written, and leaves nothing in it', () => {
    expect(checkStore(join(folder, 'home')).status).toBe('ok');
    expect(readdirSync(join(folder, 'home', 'store'))).toEqual([]);
    const notAFolder = join(folder, 'file');
    writeFileSync(notAFolder, '');
    expect(checkStore(notAFolder)).toMatchObject({ status: 'fail', found: expect.stringContaining('ENOTDIR') });
  });

  it('needs free disk', () => {
    const home = join(folder, 'not', 'yet', 'there');
    expect(checkDisk(home, () => 50e9).status).toBe('ok');
    expect(checkDisk(home, () => 2e9).status).toBe('warn');
    expect(checkDisk(home, () => 0.5e9)).toMatchObject({ status: 'fail', found: `0.5 GB at ${home}` });
    expect(checkDisk(home).found).toMatch(/^\d+\.\d GB/);
  });

  it("needs the demo codec's weights", () => {
    expect(checkWeights(folder)).toMatchObject({ status: 'fail', found: `no *.safetensors in ${join('models', 'codec', 'weights')}` });
  });
});

describe('the server', () => {
  it('need not run, if it can be started', () => {
    expect(checkTool(undefined, () => ({ path: '/bin/temporal', source: 'PATH' })).status).toBe('warn');
    const none = () => {
      throw new Error('no program');
    };
    expect(checkTool(undefined, none)).toMatchObject({ status: 'fail', found: 'no program' });
  });

  it('polls fast if this project started it; otherwise that is said, or that it is not known', () => {
    const own = ['temporal', ...serverArguments('/home', { port: 7233, uiPort: 8233 })].join(' ');
    expect(checkPollRate('127.0.0.1:7233', own)).toMatchObject({ status: 'ok', found: 'history.transferProcessorMaxPollRPS=10000' });
    expect(checkPollRate('127.0.0.1:7233', 'temporal server start-dev')).toMatchObject({
      status: 'warn',
      found: expect.stringContaining('20 a second'),
    });
    expect(checkPollRate('cloud:7233', undefined).status).toBe('unknown');
  });

  it('should know the search attributes, and the command to add them is given', () => {
    expect(
      checkAttributes(new Set(['Pipeline', 'Stage', 'Dataset', 'Model', 'Trigger', 'Regression', 'PrimaryMetric']), 'a:1', 'default')
        .status,
    ).toBe('ok');
    const { status, fix } = checkAttributes(new Set(['Pipeline', 'Stage', 'Dataset', 'Model', 'Trigger']), 'a:1', 'default');
    expect(status).toBe('warn');
    expect(fix).toContain('--name PrimaryMetric --type Double');
  });

  it('should have workers on every queue', () => {
    expect(checkQueue({ taskQueue: 'sostenuto' }, 'train', 2)).toMatchObject({ status: 'ok', found: 'sostenuto-train: 2 workers' });
    expect(checkQueue({ taskQueue: 'sostenuto' }, 'light', 0)).toMatchObject({ status: 'warn', found: 'sostenuto: nobody polls it' });
  });
});

it('each check is a line, with the way out below what is not well', () => {
  const lines = checkLines([
    { name: 'Node', status: 'ok', found: 'v20', fix: 'never shown' },
    { name: 'store', status: 'fail', found: 'read-only', fix: 'make it writable' },
  ]);
  expect(lines).toEqual(['✓ Node   v20', '✗ store  read-only', '         → make it writable']);
});

describe('a tracker', () => {
  it('is not asked for where none is named', async () => expect(await checkTracker(undefined)).toEqual([]));

  it('that is away is a warning: runs go on without it', async () => {
    const [check] = await checkTracker({ uri: 'http://127.0.0.1:1' });
    expect(check).toMatchObject({
      status: 'warn',
      found: expect.stringContaining('http://127.0.0.1:1'),
      fix: expect.stringContaining('start it'),
    });
  });
});

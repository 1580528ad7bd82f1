import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeMedia } from '../../../datasets/media/decode.ts';
import { encodeMedia } from '../../../datasets/media/encode.ts';
import { extractClip } from '../../../datasets/media/extract.ts';
import { probeMedia } from '../../../datasets/media/probe.ts';
import { runTool } from '../../../datasets/media/tool-process.ts';
import { findMediaTools } from '../../../datasets/media/tools.ts';
import { readWav, writeWav } from '../../../datasets/media/wav.ts';
import { fixture } from '../fixtures.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sostenuto-media-'));
});
afterAll(() => rm(directory, { recursive: true }));

const WIDTH = 64;
const HEIGHT = 48;
const RATE = 24000;
/** Dark frames but for a flash at one second, with a click at the same time. */
function* flash(): Generator<Uint8Array> {
  for (let frame = 0; frame < 50; frame++) yield new Uint8Array(WIDTH * HEIGHT * 3).fill(frame === 25 ? 240 : 16);
}
function click(): Float32Array {
  const samples = new Float32Array(2 * RATE);
  for (let i = 0; i < 240; i++) samples[RATE + i] = 0.8 * Math.sin(i * 0.6) * Math.exp(-i / 60);
  return samples;
}
const write = (name: string, options: { signal?: AbortSignal } = {}) =>
  encodeMedia({
    path: join(directory, name),
    width: WIDTH,
    height: HEIGHT,
    framesPerSecond: 25,
    frames: flash(),
    audio: { samples: click(), sampleRate: RATE },
    ...options,
  });
const sha256 = async (name: string) =>
  createHash('sha256')
    .update(await readFile(join(directory, name)))
    .digest('hex');

describe('an encoded clip', () => {
  it('keeps picture and sound together through H.264 and AAC', async () => {
    await write('flash.mp4');
    const probe = await probeMedia(join(directory, 'flash.mp4'));
    expect(probe.video).toMatchObject({ codec: 'h264', width: WIDTH, height: HEIGHT, baseRate: 25, frames: 50 });
    expect(probe.audio).toMatchObject({ codec: 'aac', sampleRate: RATE, channels: 1 });
    const { frames, audio, damage } = await decodeMedia(join(directory, 'flash.mp4'));
    expect(damage).toEqual([]);
    const brightness = Array.from({ length: frames?.count ?? 0 }, (_, frame) => frames?.data[frame * WIDTH * HEIGHT * 3] ?? 0);
    expect(brightness.indexOf(Math.max(...brightness))).toBe(25);
    const loudest = (audio ?? new Float32Array()).reduce(
      (best, value, i, all) => (Math.abs(value) > Math.abs(all[best] ?? 0) ? i : best),
      0,
    );
    expect(Math.abs(loudest / RATE - 1)).toBeLessThan(0.005);
    expect(Math.abs((audio?.length ?? 0) - 2 * RATE)).toBeLessThanOrEqual(1100);
  });

  it('has the same bytes when written twice', async () => {
    await write('one.mp4');
    await write('two.mp4');
    expect(await sha256('one.mp4')).toBe(await sha256('two.mp4'));
  });

  it('appears whole or not at all', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const slow = async function* () {
      for (const frame of flash()) {
        if (!controller.signal.aborted) controller.abort(reason);
        yield frame;
      }
    };
    const options = {
      path: join(directory, 'never.mp4'),
      width: WIDTH,
      height: HEIGHT,
      framesPerSecond: 25,
      frames: slow(),
      signal: controller.signal,
    };
    await expect(encodeMedia(options)).rejects.toBe(reason);
    await expect(encodeMedia({ ...options, signal: undefined, frames: [] })).rejects.toMatchObject({ code: 'MEDIA_NOT_WRITTEN' });
    await expect(encodeMedia({ ...options, signal: undefined, frames: [new Uint8Array(5)] })).rejects.toThrowError(
      /frame 0 has 5 bytes, not 9216/,
    );
    await expect(encodeMedia({ ...options, signal: undefined, width: 63 })).rejects.toThrowError(/even sides/);
    expect((await readdir(directory)).filter((name) => name.startsWith('never'))).toEqual([]);
  });

  it('says so when the place cannot be written', async () => {
    await expect(
      encodeMedia({ path: join(directory, 'absent', 'x.mp4'), width: WIDTH, height: HEIGHT, framesPerSecond: 25, frames: flash() }),
    ).rejects.toThrowError(/No such file or directory/);
  });
});

describe('the tool process', () => {
  it('ends at once when aborted, with the reason', async () => {
    const controller = new AbortController();
    const run = runTool({
      command: process.execPath,
      args: ['-e', 'console.log(1); setInterval(() => {}, 1e6)'],
      outputs: [1],
      signal: controller.signal,
    });
    setImmediate(() => controller.abort(new Error('stop')));
    await expect(run).rejects.toThrowError('stop');
    await expect(runTool({ command: process.execPath, args: ['-e', ''], signal: controller.signal })).rejects.toThrowError('stop');
  });

  it('does not hang on a tool that never reads, and keeps the end of a long complaint', async () => {
    const endless = function* () {
      for (let i = 0; i < 1000; i++) yield new Uint8Array(65536);
    };
    const script = 'process.stderr.write("x\\n".repeat(1e5) + "last word\\n", () => process.exit(3))';
    const result = await runTool({ command: process.execPath, args: ['-e', script], inputs: { 0: endless() } });
    expect([result.exitCode, result.stderr.at(-1)]).toEqual([3, 'last word']);
  });

  it('stops what gives too much', async () => {
    const script = 'setInterval(() => process.stdout.write(Buffer.alloc(1e6)), 0)';
    await expect(runTool({ command: process.execPath, args: ['-e', script], outputs: [1], mostBytes: 5e6 })).rejects.toMatchObject({
      code: 'MEDIA_TOO_LARGE',
    });
  });

  it('reads what is large out of a file that has no name, and refuses more than may be kept', async () => {
    const write = (bytes: number) => [
      '-e',
      `const fs = require('fs'); fs.writeSync(1, 'in the pipe'); fs.writeSync(3, Buffer.alloc(${bytes}, 7))`,
    ];
    const run = { command: process.execPath, outputs: [1], large: [3], mostBytes: 1e6 };
    const { outputs } = await runTool({ ...run, args: write(1e6) });
    expect([outputs[1]?.toString(), outputs[3]?.length, outputs[3]?.at(-1)]).toEqual(['in the pipe', 1e6, 7]);
    await expect(runTool({ ...run, args: write(1e6 + 1) })).rejects.toMatchObject({ code: 'MEDIA_TOO_LARGE' });
    await expect(
      runTool({ ...run, args: ['-e', 'console.error("av_interleaved_write_frame(): No space left on device"); process.exit(1)'] }),
    ).rejects.toMatchObject({ code: 'ENOSPC' });
    expect((await readdir(tmpdir())).filter((name) => /^sostenuto-[0-9a-f]{8}-/.test(name))).toEqual([]);
  });

  it('names a tool that cannot be started', async () => {
    await expect(runTool({ command: join(directory, 'no-ffmpeg'), args: [] })).rejects.toMatchObject({ code: 'FFMPEG_MISSING' });
  });

  it('opens no other file or address that a crafted clip names', async () => {
    const secret = join(directory, 'secret.wav');
    await writeFile(secret, writeWav(click(), RATE));
    const crafted: [string, string][] = [
      ['playlist.mp4', `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://${secret}\n#EXT-X-ENDLIST\n`],
      ['concat.mp4', `ffconcat version 1.0\nfile '${secret}'\n`],
      ['address.m3u8', '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n'],
    ];
    for (const [name, text] of crafted) {
      await writeFile(join(directory, name), text);
      await expect(decodeMedia(join(directory, name))).rejects.toMatchObject({ code: 'MEDIA_UNREADABLE' });
    }
  });

  it('takes names with dashes, spaces and colons for names', async () => {
    for (const name of ['-i.mp4', 'a b.mp4', 'concat:x.mp4', '%03d.mp4']) {
      await writeFile(join(directory, name), await readFile(fixture('media/faststart.mp4')));
      expect((await decodeMedia(join(directory, name), { streams: 'video' })).frames?.count).toBe(25);
    }
  });
});

describe('the tools', () => {
  it('that do not know an option are at fault, not the clip', async () => {
    await writeFile(join(directory, 'old'), '#!/bin/sh\necho "Unrecognized option \'fps_mode\'." >&2\nexit 1\n');
    await chmod(join(directory, 'old'), 0o755);
    const tools = { ...findMediaTools(), ffmpeg: join(directory, 'old') };
    const options = { framesPerSecond: 4, size: 32, sampleRate: RATE, tools };
    await expect(extractClip(fixture('media/faststart.mp4'), options)).rejects.toMatchObject({ code: 'FFMPEG_UNSUITABLE' });
  });
  it('of the environment win and must work', async () => {
    const tools = findMediaTools();
    const environment = { FFMPEG_PATH: tools.ffmpeg, FFPROBE_PATH: tools.ffprobe };
    expect(findMediaTools({ environment })).toEqual({ ffmpeg: tools.ffmpeg, ffprobe: tools.ffprobe, source: 'environment' });
    expect(() => findMediaTools({ environment: { FFMPEG_PATH: '/nowhere/ffmpeg' } })).toThrowError(/FFMPEG_PATH=\/nowhere\/ffmpeg/);
  });
  it('else are those of the set-up, of PATH, of the package', async () => {
    for (const name of ['ffmpeg', 'ffprobe']) {
      await writeFile(join(directory, name), '#!/bin/sh\n');
      await chmod(join(directory, name), 0o755);
    }
    const found = { ffmpeg: join(directory, 'ffmpeg'), ffprobe: join(directory, 'ffprobe') };
    expect(findMediaTools({ environment: { PATH: `/nowhere:${directory}` }, root: directory })).toEqual({ ...found, source: 'PATH' });
    expect(findMediaTools({ environment: { PATH: '/nowhere' }, root: directory }).source).toBe('npm');
  });
});

describe('WAV', () => {
  const samples = Float32Array.from({ length: 999 }, (_, i) => Math.sin(i / 9) * 0.9);
  it('16 bits are exact to half a step, floats exactly', () => {
    const pcm = readWav(writeWav(samples, RATE));
    expect([pcm.sampleRate, pcm.channels, pcm.samples.length]).toEqual([RATE, 1, 999]);
    pcm.samples.forEach((value, i) => {
      expect(Math.abs(value - (samples[i] ?? 0))).toBeLessThan(1 / 32768 + 1e-4 / 3);
    });
    expect(readWav(writeWav(samples, 48000, { encoding: 'float32', channels: 3 }))).toEqual({ sampleRate: 48000, channels: 3, samples });
  });
  it('clips instead of wrapping', () => {
    expect([...readWav(writeWav(Float32Array.of(2, -2), RATE)).samples]).toEqual([32767 / 32768, -1]);
  });
  it('is what ffmpeg reads, too', async () => {
    await writeFile(join(directory, 'tone.wav'), writeWav(samples, RATE));
    const { audio, frames, damage } = await decodeMedia(join(directory, 'tone.wav'));
    expect([audio?.length, frames, damage]).toEqual([999, undefined, []]);
    expect(audio).toEqual(readWav(writeWav(samples, RATE)).samples);
  });
  it.each([
    ['nothing', 0, /0 bytes without a RIFF/],
    ['half a header', 30, /chunk "fmt "|no data chunk/],
    ['a cut file', 500, /chunk "data" of 1998 bytes, 456 are left/],
  ])('%s is refused', (_, length, message) => {
    expect(() => readWav(writeWav(samples, RATE).subarray(0, length))).toThrowError(message);
  });
  it('a format without a reader is named', () => {
    const bytes = writeWav(samples, RATE);
    bytes[20] = 7;
    expect(() => readWav(bytes)).toThrowError(/format 7 with 16 bits/);
  });
});

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeMedia } from '../../datasets/media/encode.ts';
import { writeWav } from '../../datasets/media/wav.ts';
import { performanceToMidi } from '../../datasets/midi/write-midi.ts';
import type { SourceReport } from '../../datasets/sources/check-source.ts';
import { chooseClips } from '../../web/data/clip-sheet.ts';
import { fixture } from '../datasets/fixtures.ts';
import { CommandLine } from './support/command-line.ts';

const RATE = 24_000;
const sostenuto = new CommandLine();
const base = mkdtempSync(join(tmpdir(), 'sostenuto-data-'));
const root = join(base, 'clips');
const sound = (seconds: number, hz: number) =>
  writeWav(
    Float32Array.from({ length: seconds * RATE }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hz * i) / RATE)),
    RATE,
  );

beforeAll(async () => {
  mkdirSync(root);
  writeFileSync(join(root, 'bell.wav'), sound(1, 440));
  writeFileSync(join(root, 'other.wav'), sound(1, 330));
  copyFileSync(join(root, 'bell.wav'), join(root, 'again.wav'));
  await film(join(root, 'piano.mp4'));
  const notes = [{ pitch: 60, velocity: 80, start: 0.2, end: 0.6 }];
  writeFileSync(join(root, 'piano.mid'), performanceToMidi({ notes, pedal: [], seconds: 1 }));
  writeFileSync(join(root, 'cut.mp4'), readFileSync(join(root, 'piano.mp4')).subarray(0, 900));
});
afterAll(async () => {
  rmSync(base, { recursive: true });
  await sostenuto.end();
});

function film(path: string): Promise<void> {
  const [width, height] = [64, 32];
  const frames = Array.from({ length: 25 }, () => new Uint8Array(width * height * 3).fill(120));
  const samples = Float32Array.from({ length: RATE }, (_, i) => 0.5 * Math.sin(i / 10));
  return encodeMedia({ path, width, height, framesPerSecond: 25, frames, audio: { samples, sampleRate: RATE } });
}
const row = (id: string, split: string, media: string, rest: object = {}) =>
  JSON.stringify({ id, split, caption: `<${id}>`, media, ...rest });
const list = (...rows: string[]) => writeFileSync(join(root, 'manifest.jsonl'), rows.join('\n'));

describe('data check', () => {
  test('of a sound set says how much there is, and ends with 0', async () => {
    list(
      row('bell', 'train', 'bell.wav'),
      row('other', 'validation', 'other.wav'),
      row('piano', 'test', 'piano.mp4', { midi: 'piano.mid' }),
    );
    const { code, stdout } = await sostenuto.here('data', 'check', 'folder', root);
    expect(stdout).toMatch(/train +1 +1\.0 s +0/);
    expect(stdout).toMatch(/test +1 +1\.0 s +0/);
    expect(code).toBe(0);
  });

  test('finds what is broken, missing, malformed and the same, and ends with 3', async () => {
    list(
      row('bell', 'train', 'bell.wav'),
      row('again', 'test', 'again.wav'),
      row('cut', 'train', 'cut.mp4'),
      row('gone', 'train', 'gone.wav'),
      '{',
    );
    const finished = await sostenuto.here('data', 'check', 'folder', root, '--json');
    expect(finished.json<SourceReport>()).toMatchObject({
      splits: { train: { clips: 2, absent: 1 }, test: { clips: 1 }, unknown: { absent: 1 } },
      reasons: { missing: 1, 'bad row': 1 },
      broken: [{ id: 'cut', path: 'cut.mp4', reason: expect.stringMatching(/moov|Invalid data/) }],
      duplicates: [['again', 'bell']],
      leaks: [['again', 'bell']],
      lengths: { unknown: 1, median: 1 },
      isSound: false,
    });
    expect(finished.code).toBe(3);
    const { stdout } = await sostenuto.here('data', 'check', 'folder', root);
    expect(stdout).toMatch(/broken {4}cut {2}cut\.mp4/);
    expect(stdout).toMatch(/leak .*again, bell/);
  });

  test('finds a film without sound', async () => {
    copyFileSync(fixture('media/no_audio_2997.mp4'), join(root, 'mute.mp4'));
    const apart = row('apart', 'test', 'mute.mp4', { audio: 'other.wav' });
    list(row('bell', 'train', 'bell.wav'), row('mute', 'train', 'mute.mp4'), apart);
    const { broken } = (await sostenuto.here('data', 'check', 'folder', root, '--json')).json<SourceReport>();
    expect(broken).toEqual([{ id: 'mute', path: 'mute.mp4', reason: 'no sound' }]);
  });

  test('finds damage in the middle of a file if it is to decode', async () => {
    copyFileSync(fixture('media/damaged_mdat.mp4'), join(root, 'damaged.mp4'));
    list(
      row('bell', 'train', 'bell.wav'),
      row('piano', 'test', 'piano.mp4', { midi: 'piano.mid' }),
      row('damaged', 'train', 'damaged.mp4'),
    );
    const broken = async (...options: string[]) =>
      (await sostenuto.here('data', 'check', 'folder', root, '--json', ...options)).json<SourceReport>().broken;
    expect(await broken()).toEqual([]);
    expect(await broken('--decode')).toEqual([
      { id: 'damaged', path: 'damaged.mp4', reason: expect.stringMatching(/^damaged: \d+ of \d+ frames could be decoded/) },
    ]);
  });

  test('finds a test clip in the file of another clip, unless it is another part of it', async () => {
    const part = (id: string, split: string, start: number) => row(id, split, 'bell.wav', { start, seconds: 0.5 });
    const leaks = async () => (await sostenuto.here('data', 'check', 'folder', root, '--json')).json<SourceReport>().leaks;
    list(part('first', 'train', 0), part('second', 'test', 0.5));
    expect(await leaks()).toEqual([]);
    list(part('first', 'train', 0.25), part('second', 'test', 0.5));
    expect(await leaks()).toEqual([['first', 'second']]);
  });

  test('leaves training clips of a tested video out, as a run does', async () => {
    const set = join(base, 'tested');
    mkdirSync(set);
    for (const start of [1, 2]) copyFileSync(join(root, 'piano.mp4'), join(set, `aaaaaaaaaaa_00000${start}.mp4`));
    writeFileSync(join(set, 'vggsound.csv'), 'aaaaaaaaaaa,1,piano,train\naaaaaaaaaaa,2,piano,test\n');
    const { code, stdout } = await sostenuto.here('data', 'check', 'vggsound', set);
    expect(stdout).toContain('aaaaaaaaaaa_000001  excluded: its video aaaaaaaaaaa is in the test set of vggsound');
    expect(code).toBe(0);
  });

  test('counts what is gone from a public set, and no more', async () => {
    const set = join(base, 'vggsound');
    mkdirSync(set);
    copyFileSync(join(root, 'piano.mp4'), join(set, '-aaaaaaaaaa_000001.mp4'));
    writeFileSync(join(set, 'vggsound.csv'), '-aaaaaaaaaa,1,piano,train\nbbbbbbbbbbb,1,dog,test\n');
    const { code, stdout } = await sostenuto.here('data', 'check', 'vggsound', set);
    expect(stdout).toContain('bbbbbbbbbbb_000001  missing: no bbbbbbbbbbb_000001.mp4');
    expect(code).toBe(0);
  });

  test.each([
    [['vgsound', '.'], 'Did you mean "vggsound"?', 2],
    [['folder', '/nowhere'], 'not there', 3],
    [['vggsound', root], 'MANIFEST_MISSING', 3],
  ])('%j is told what is wrong', async (words, said, code) => {
    const finished = await sostenuto.here('data', 'check', ...words);
    expect(finished.stderr).toContain(said);
    expect(finished.code).toBe(code);
  });
});

describe('data preview', () => {
  test('writes a page with pictures, sounds, captions and notes; a broken clip says why', async () => {
    list(
      row('bell', 'train', 'bell.wav'),
      row('cut', 'train', 'cut.mp4'),
      row('piano', 'test', 'piano.mp4', { midi: 'piano.mid' }),
      row('gone', 'train', 'gone.wav'),
    );
    const out = join(base, 'sheet');
    const { code, json } = await sostenuto.here('data', 'preview', 'folder', root, '--out', out, '--json');
    expect(json()).toEqual({ page: join(out, 'index.html'), shown: 3, clips: 3 });
    expect(code).toBe(0);
    const page = readFileSync(join(out, 'index.html'), 'utf8');
    for (const shown of [
      '&lt;bell&gt;',
      'class="wave"',
      '<audio controls',
      'Piano roll: 1 note',
      'Left out',
      'gone.wav',
      'class="problem"',
    ]) {
      expect(page).toContain(shown);
    }
    const media = [...page.matchAll(/src="(media\/[^"]+)"/g)].map(([, path]) => path ?? '');
    expect(media.filter((path) => path.endsWith('.jpg'))).toHaveLength(3);
    expect(media.filter((path) => !existsSync(join(out, path)))).toEqual([]);
  });

  test('shows clips of every split, the same ones each time', () => {
    const entries = Array.from({ length: 40 }, (_, index) => ({
      id: `clip-${index}`,
      set: 'sounds' as const,
      split: index < 38 ? ('train' as const) : ('test' as const),
      captions: [''],
      media: 'x',
    }));
    const chosen = chooseClips(entries, 6);
    expect(chosen.map(({ split }) => split)).toEqual(['train', 'train', 'train', 'train', 'test', 'test']);
    expect(chooseClips(entries.toReversed(), 6)).toEqual(chosen);
  });
});

test('data sources names what each expects', async () => {
  const { stdout } = await sostenuto.here('data', 'sources');
  expect(stdout).toMatch(/pianoyt +PianoYT: pianoyt\.csv/);
});

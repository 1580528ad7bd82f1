import { mkdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openShard } from '../../../datasets/features/sequence-shard.ts';
import { encodeMedia } from '../../../datasets/media/encode.ts';
import { writeWav } from '../../../datasets/media/wav.ts';
import { performanceToMidi } from '../../../datasets/midi/write-midi.ts';
import { planPipeline } from '../../../engine/plan/plan.ts';
import { videoToAudio } from '../../../pipelines/video-to-audio/pipeline.ts';
import type { TestChoice } from '../../../pipelines/video-to-audio/prepare/choose-tested.ts';
import { extractMedia } from '../../../pipelines/video-to-audio/prepare/extract-media.ts';
import { filmKeys } from '../../../pipelines/video-to-audio/prepare/film-keys.ts';
import { ingestSources } from '../../../pipelines/video-to-audio/prepare/ingest-sources.ts';
import { rollShard } from '../../../pipelines/video-to-audio/prepare/roll-shard.ts';
import type { SourceSetting } from '../../../pipelines/video-to-audio/source-settings.ts';
import { type Setup, setUp } from '../evaluate/trees.ts';

const RATE = 24_000;
const [WIDTH, HEIGHT] = [64, 32];
/** A tone that rises by a step each second, so that a place in it can be told. */
const tone = (seconds: number) =>
  Float32Array.from({ length: seconds * RATE }, (_, i) => 0.1 * (1 + Math.floor(i / RATE)) * Math.sin((2 * Math.PI * 440 * i) / RATE));
const loudest = (samples: ArrayLike<number>) => Array.from(samples).reduce((most, value) => Math.max(most, Math.abs(value)), 0);

let setup: Setup;
let own: string;
let piano: string;
beforeAll(async () => {
  setup = await setUp();
  own = join(setup.folder, 'own');
  piano = join(setup.folder, 'pianoyt');
  for (const folder of [own, join(piano, 'midi')]) await mkdir(folder, { recursive: true });
  await writeFile(join(own, '-bell.wav'), writeWav(tone(1), RATE));
  await film(join(own, 'dog.mp4'), 1);
  await writeFile(join(own, 'cut.mp4'), (await readFile(join(own, 'dog.mp4'))).subarray(0, 900));
  await symlink('/etc/hostname', join(own, 'link.wav'));
  await symlink('-bell.wav', join(own, 'alias.wav'));
  await writeManifest([
    '-bell,train,a bell,-bell.wav',
    'dog,test,"a dog, barking",dog.mp4',
    'cut,train,,cut.mp4',
    'gone,train,,gone.wav',
    'link,train,,link.wav',
    '_alias,train,a bell,alias.wav',
  ]);
  await film(join(piano, 'aaaaaaaaaaa.mp4'), 5);
  const notes = [{ pitch: 60, velocity: 80, start: 2.2, end: 2.6 }];
  await writeFile(join(piano, 'midi', 'audio_aaaaaaaaaaa.0.midi'), performanceToMidi({ notes, pedal: [], seconds: 5 }));
  await writeFile(join(piano, 'pianoyt.csv'), 'aaaaaaaaaaa,https://x,1,0,16,0,64\nbbbbbbbbbbb,https://x,3,0,16,0,64\n');
});
afterAll(() => rm(setup.folder, { recursive: true, force: true }));

const writeManifest = (rows: readonly string[]) => writeFile(join(own, 'manifest.csv'), `id,split,caption,media\n${rows.join('\n')}\n`);
/** Upper half dark, lower half light; the sound is the rising tone. */
function film(path: string, seconds: number): Promise<void> {
  const frame = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => (i / 3 < (WIDTH * HEIGHT) / 2 ? 40 : 200));
  const frames = Array.from({ length: seconds * 25 }, () => frame);
  return encodeMedia({
    path,
    width: WIDTH,
    height: HEIGHT,
    framesPerSecond: 25,
    frames,
    audio: { samples: tone(seconds), sampleRate: RATE },
  });
}
const ingest = (sources: readonly SourceSetting[], maxFailures = 0, test?: TestChoice) =>
  ingestSources({
    inputs: {},
    params: { sources: sources.map((source) => ({ ...source, state: '' })), shards: 1, maxFailures, ...(test && { test }) },
    item: undefined,
    context: setup.context,
  });
const opened = (directory: string, name: string) =>
  openShard({ arrow: join(directory, `${name}.arrow`), index: join(directory, `${name}.json`) });

describe('one’s own folder with a table', () => {
  it('becomes shards that can be decoded; what cannot be used is set apart, and the rest goes on', async () => {
    const { shards, refused } = await ingest([{ kind: 'folder', root: own }], 2);
    const [item] = shards;
    if (item === undefined) throw new Error('no shard');
    expect(item.clips.map(({ id, set, split, caption }) => [id, set, split, caption])).toEqual([
      ['-bell', 'sounds', 'train', 'a bell'],
      ['_alias', 'sounds', 'train', 'a bell'],
      ['cut', 'events', 'train', ''],
      ['dog', 'events', 'test', 'a dog, barking'],
    ]);
    expect(refused).toEqual([
      { id: 'folder gone', reason: expect.stringMatching(/^missing: .*gone\.wav/) },
      { id: 'folder link', reason: expect.stringMatching(/^refused path: .*link leads out/) },
    ]);
    const { media, unreadable } = await extractMedia({
      inputs: { tools: { ffmpeg: [] } },
      params: { framesPerSecond: 25, frameSize: 16, maxFailures: 1 },
      item,
      context: setup.context,
    });
    expect(unreadable.map(({ id }) => id)).toEqual(['cut']);
    const [audio, frames] = [opened(media, 'audio'), opened(media, 'frames')];
    expect(audio.index.clips.map(({ id }) => id)).toEqual(['-bell', '_alias', 'dog']);
    expect(frames.index.clips).toMatchObject([{ id: 'dog', rows: 25 }]);
    expect(loudest(audio.read('-bell'))).toBeCloseTo(0.1, 2);
    audio.close();
    frames.close();
  });

  it('fails where more is wrong than is allowed, and where nothing is left', async () => {
    await expect(ingest([{ kind: 'folder', root: own }], 1)).rejects.toMatchObject({ code: 'TOO_MANY_FAILURES' });
    await expect(ingest([{ kind: 'folder', root: join(setup.folder, 'none') }])).rejects.toMatchObject({ code: 'MANIFEST_MISSING' });
    const lost = join(setup.folder, 'lost');
    await mkdir(lost);
    await writeFile(join(lost, 'vggsound.csv'), 'aaaaaaaaaaa,1,x,train\n');
    await expect(ingest([{ kind: 'vggsound', root: lost }])).rejects.toMatchObject({ code: 'NO_TRAINING_DATA' });
  });
});

describe('what a model is tested on', () => {
  const day = (n: number) => `2026-03-0${n}T00:00:00Z`;
  const window = (from: number, to: number) => ({ from: day(from), to: day(to) });
  let arriving: string;
  beforeAll(async () => {
    arriving = join(setup.folder, 'arriving');
    await mkdir(arriving);
    for (const name of ['early', 'edge', 'late', 'undated', 'learnt'])
      await writeFile(join(arriving, `${name}.wav`), writeWav(tone(1), RATE));
    await utimes(join(arriving, 'undated.wav'), new Date(day(5)), new Date(day(5)));
    const rows = [
      'early,test,2026-03-01',
      'edge,test,2026-03-02T00:00:00Z',
      'late,test,2026-03-03T02:00:00+01:00',
      'undated,test,',
      'learnt,train,2026-03-03',
    ];
    const line = (row: string) => row.replace(/^(\w+),(\w+),(.*)$/, '$1,$2,,$1.wav,$3');
    await writeFile(join(arriving, 'manifest.csv'), `id,split,caption,media,time\n${rows.map(line).join('\n')}\n`);
  });
  const tested = async (test: TestChoice) =>
    (await ingest([{ kind: 'folder', root: arriving }], 0, test)).shards
      .flatMap(({ clips }) => clips.map(({ id, split }) => `${id} ${split}`))
      .sort();

  it('is the test split, or all of a set, and of these what is from a window that begins with its first moment and ends before its last', async () => {
    expect(await tested({ split: 'test' })).toEqual(['early test', 'edge test', 'late test', 'undated test']);
    expect(await tested({ split: 'all' })).toContain('learnt test');
    expect(await tested({ split: 'test', window: window(1, 2) })).toEqual(['early test']);
    expect(await tested({ split: 'test', window: window(2, 4) })).toEqual(['edge test', 'late test']);
  });
  it('takes the time of a file whose row says none', async () => {
    expect(await tested({ split: 'test', window: window(5, 6) })).toEqual(['undated test']);
  });
  it('is said to be nothing where nothing is new', async () => {
    await expect(tested({ split: 'test', window: window(7, 8) })).rejects.toMatchObject({
      code: 'NO_TEST_CLIPS',
      problems: [{ what: `No clip to test on is from ${day(7)} to ${day(8)}.` }],
    });
  });
  it('says which row has a time that is none', async () => {
    const wrong = join(setup.folder, 'wrong-time');
    await mkdir(wrong);
    await writeFile(join(wrong, 'manifest.csv'), 'id,split,caption,media,time\na,test,,a.wav,yesterday\n');
    await expect(ingest([{ kind: 'folder', root: wrong }])).rejects.toThrow(/time.*yesterday/s);
  });
});

describe('a long recording', () => {
  it('is cut into pieces, each with its own sound, notes and crop of the picture', async () => {
    const { shards, refused } = await ingest([{ kind: 'pianoyt', root: piano, clipSeconds: 2 }]);
    // A test video whose file is gone is counted, but no failure.
    expect(refused.map(({ id }) => id)).toEqual(['pianoyt bbbbbbbbbbb']);
    const [item] = shards;
    if (item === undefined) throw new Error('no shard');
    expect(item.clips.map(({ id, start, seconds }) => [id, start, Math.round(seconds ?? 0)])).toEqual([
      ['pianoyt-aaaaaaaaaaa_0000', 0, 2],
      ['pianoyt-aaaaaaaaaaa_0001', 2, 2],
      ['pianoyt-aaaaaaaaaaa_0002', 4, 1],
    ]);
    const second = 'pianoyt-aaaaaaaaaaa_0001';
    const inputs = { tools: { ffmpeg: [] } };
    const params = { framesPerSecond: 25, frameSize: 16, maxFailures: 0 };
    const { media } = await extractMedia({ inputs, params, item, context: setup.context });
    const { rolls } = await rollShard({ inputs: {}, params: { maxFailures: 0 }, item, context: setup.context });
    const keys = { views: ['front'], height: 4, width: 8, maxFailures: 0 };
    const { pictures } = await filmKeys({ inputs, params: keys, item, context: setup.context });
    const [audio, frames, roll, front] = [
      opened(media, 'audio'),
      opened(media, 'frames'),
      opened(rolls, 'roll'),
      opened(pictures, 'front'),
    ];
    const rows = (shard: typeof audio) => shard.index.clips.find(({ id }) => id === second)?.rows;
    expect([rows(audio), rows(frames), rows(roll), rows(front)]).toEqual([2 * RATE, 50, 150, 50]);
    // The third second is the first of the second piece.
    expect(loudest(audio.read(second, 4800, 14_400))).toBeCloseTo(0.3, 1);
    expect([10, 20, 50].map((frame) => roll.read(second, frame, 1)[60 - 21])).toEqual([0, 80, 0]);
    // Without the crop the lower half would be light.
    expect(loudest(front.read(second))).toBeLessThan(80);
    for (const shard of [audio, frames, roll, front]) shard.close();
  });
});

describe('the plan', () => {
  const plan = () =>
    planPipeline(videoToAudio, { preset: 'tiny', settings: { sources: [{ kind: 'folder', root: own }] } }).nodes.map(({ id, params }) => ({
      id,
      params,
    }));
  it('has no synthetic sets, and notices a file that is new', async () => {
    const before = plan();
    expect(before.map(({ id }) => id)).not.toContain('sounds');
    expect(plan()).toEqual(before);
    await writeFile(join(own, 'new.wav'), 'x');
    const after = plan();
    expect(
      after.filter(({ params }, index) => JSON.stringify(params) !== JSON.stringify(before[index]?.params)).map(({ id }) => id),
    ).toEqual(['ingest']);
  });
  it.each([
    [{ kind: 'vgg', root: '/x' }, 'sources.0.kind'],
    [{ kind: 'folder', root: 'x' }, 'sources.0.root'],
    [{ kind: 'folder', root: '/x', clips: 1 }, 'sources.0.clips'],
  ])('refuses %j', (source, where) => {
    expect(() => planPipeline(videoToAudio, { settings: { sources: [source] } })).toThrowError(
      expect.objectContaining({ problems: [expect.objectContaining({ where: where.replace(/\.0\./, '[0].') })] }),
    );
  });
});

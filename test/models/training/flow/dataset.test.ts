import { describe, expect, it } from 'vitest';
import { featureFrames } from '../../../../models/network/frame-maps.ts';
import { clipDataset, type DatasetShape, pairDataset } from '../../../../models/training/flow/dataset.ts';
import { type LatentClip, picturesOf } from '../../../../models/training/latents.ts';

const [CHANNELS, TEXT, VIDEO, FRAMES, HEIGHT, WIDTH] = [2, 3, 2, 12, 2, 2];
/** A clip whose every value says the frame it belongs to, and `mark` which clip: mark + frame in latents, video and pictures. */
function clip(set: string, mark: number, frames: number, tokens = 1): LatentClip {
  const count = Math.ceil(frames / 3);
  const rows = (length: number, width: number, value: (row: number) => number) =>
    Float32Array.from({ length: length * width }, (_, i) => value(Math.floor(i / width)));
  return {
    id: `${set}-${mark}`,
    set,
    latents: rows(frames, CHANNELS, (frame) => mark + frame),
    frames,
    text: rows(tokens, TEXT, () => mark),
    tokens,
    ...(set !== 'sounds' && { video: { features: rows(count, VIDEO, (picture) => mark + picture), count, seconds: count / 25 } }),
    ...(set === 'piano' && {
      notes: {
        velocities: Uint8Array.from({ length: frames * 88 }, (_, i) => (i % 88 === 15 + (Math.floor(i / 88) % 51) ? 127 : 0)),
        pedal: Uint8Array.from({ length: frames }, (_, frame) => frame % 2),
      },
      pictures: { front: Uint8Array.from(rows(count, HEIGHT * WIDTH, (picture) => picture)) },
    }),
  };
}
const clips = [
  ...[100, 200, 300].map((mark) => clip('sounds', mark, 40)),
  ...[400, 500].map((mark) => clip('events', mark, 30)),
  ...[600, 700, 800].map((mark, i) => clip('piano', mark, 24 + 9 * i, 2)),
];
const shape: DatasetShape = {
  frames: FRAMES,
  channels: CHANNELS,
  textWidth: TEXT,
  videoWidth: VIDEO,
  roll: { keys: 51, target: 'velocity', sustain: true },
  pictures: { views: ['front'], height: HEIGHT, width: WIDTH },
  seed: 5,
};
const mix = { piano: 2, sounds: 3, events: 1 };
const make = (changed: Partial<DatasetShape> = {}) => clipDataset(clips, mix, { ...shape, ...changed });
type Batch = Awaited<ReturnType<ReturnType<typeof make>['batchAt']>>;
/** All bytes of a batch, as text. */
const bytes = (batch: Batch | Promise<Batch>): string =>
  JSON.stringify(batch, (_, value) =>
    ArrayBuffer.isView(value) ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') : value,
  );
const at = async (dataset: ReturnType<typeof make>, step: number): Promise<Batch> => dataset.batchAt(step);
/** First latent of each row: which clip, and the frame at which its crop begins. */
const firsts = ({ latents }: Batch) =>
  Array.from({ length: latents.length / (FRAMES * CHANNELS) }, (_, i) => latents[i * FRAMES * CHANNELS] ?? 0);
const marksOf = (batch: Batch) => firsts(batch).map((value) => 100 * Math.floor(value / 100));

describe('batches of clips', () => {
  it('are the same bytes for the same step, in whatever order and from whichever process they are asked for', async () => {
    const straight = make();
    const inOrder = await Promise.all([0, 1, 2, 3, 4, 5].map(async (step) => bytes(await at(straight, step))));
    const resumed = make();
    for (const step of [4, 5, 0]) expect(bytes(await at(resumed, step))).toBe(inOrder[step]);
    expect(new Set(inOrder).size).toBe(6);
    expect(bytes(await at(make({ seed: 6 }), 4))).not.toBe(inOrder[4]);
  });

  it('give each set its rows, piano last, and every clip of a set once before any again', async () => {
    const batches = await Promise.all([0, 1, 2, 3, 4, 5].map((step) => at(make(), step)));
    for (const batch of batches) {
      const marks = marksOf(batch);
      expect(marks.slice(0, 1).every((mark) => mark === 400 || mark === 500)).toBe(true);
      expect([...marks.slice(1, 4)].sort()).toEqual([100, 200, 300]);
      expect(marks.slice(4).every((mark) => mark >= 600)).toBe(true);
    }
    const piano = batches.flatMap((batch) => marksOf(batch).slice(4));
    for (let turn = 0; turn < 4; turn++) expect([...piano.slice(3 * turn, 3 * turn + 3)].sort()).toEqual([600, 700, 800]);
  });

  it('crop everything of a clip at the same place, which is the beginning of a picture', async () => {
    const seen = new Set<number>();
    for (let step = 0; step < 12; step++) {
      const batch = await at(make(), step);
      firsts(batch).forEach((first, row) => {
        const from = first % 100;
        expect(from % 3).toBe(0);
        if (row < 4) return;
        seen.add(from);
        const mark = first - from;
        const { frames = 0, video } = clips.find(({ id }) => id === `piano-${mark}`) ?? {};
        const map = featureFrames(video?.count ?? 0, video?.seconds ?? 0, frames);
        expect(batch.video?.[row * FRAMES * VIDEO]).toBe(mark + (map[from] ?? 0));
        expect(batch.roll?.[row * FRAMES * 52 + (from % 51)]).toBe(1);
        expect([0, 1].map((frame) => batch.roll?.[(row * FRAMES + frame) * 52 + 51])).toEqual([from % 2, (from + 1) % 2]);
        const pictures = batch.pictures?.front?.subarray((row - 4) * picturesOf(FRAMES) * 4);
        expect((pictures?.[0] ?? 0) * 255).toBeCloseTo(from / 3, 3);
        expect(batch.text[row * 2 * TEXT]).toBe(mark);
      });
    }
    expect(seen.size).toBeGreaterThan(3);
  });

  it('begin at the start of every clip for validation', async () => {
    for (const step of [0, 3]) expect(firsts(await at(make({ fixedCrop: true }), step)).every((first) => first % 100 === 0)).toBe(true);
  });

  it('mask what lies behind a short clip, and words that a caption lacks', async () => {
    const dataset = clipDataset([clip('sounds', 100, 5)], { sounds: 1 }, { ...shape, fixedCrop: true });
    const { mask, latents, textMask } = await at(dataset, 0);
    expect([...(mask ?? [])]).toEqual([1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]);
    expect(latents.subarray(5 * CHANNELS).every((value) => value === 0)).toBe(true);
    expect([...textMask]).toEqual([1]);
    expect([...(await at(make(), 0)).textMask.subarray(0, 2)]).toEqual([1, 0]);
  });

  it('refuse a mix that names a set without a clip', () => {
    expect(() => clipDataset(clips, { birds: 1 }, shape)).toThrowError(expect.objectContaining({ code: 'NO_TRAINING_DATA' }));
  });
});

describe('batches of pairs', () => {
  const pairs = [
    { preferred: clip('piano', 600, 60), rejected: clip('piano', 1600, 60) },
    { preferred: clip('piano', 700, 30), rejected: clip('piano', 1700, 60) },
    { preferred: clip('piano', 800, 60), rejected: clip('piano', 1800, 6) },
  ];
  const paired = () => pairDataset(pairs, 6, shape);

  it('have the preferred clips first, then the rejected ones in the same order, all with pictures', async () => {
    const dataset = paired();
    expect(dataset.pianoRows).toBe(6);
    for (const step of [0, 1, 2]) {
      const marks = marksOf(await at(dataset, step));
      expect(marks.slice(3)).toEqual(marks.slice(0, 3).map((mark) => mark + 1000));
      expect([...marks.slice(0, 3)].sort()).toEqual([600, 700, 800]);
    }
  });

  it('crop both performances at the same part, however long each is, and mask what a short one lacks', async () => {
    const dataset = paired();
    for (let step = 0; step < 6; step++) {
      const batch = await at(dataset, step);
      marksOf(batch)
        .slice(0, 3)
        .forEach((mark, row) => {
          const [from, other] = [firsts(batch)[row] ?? 0, firsts(batch)[row + 3] ?? 0].map((first) => first % 100);
          if (mark === 600) expect(from).toBe(other);
          if (mark === 700) expect(Math.abs((from ?? 0) / (30 - FRAMES) - (other ?? 0) / (60 - FRAMES))).toBeLessThan(3 / (30 - FRAMES));
          const valid = (place: number) =>
            batch.mask?.subarray(place * FRAMES, (place + 1) * FRAMES).reduce((sum, value) => sum + value, 0);
          expect([valid(row), valid(row + 3)]).toEqual([FRAMES, mark === 800 ? 6 : FRAMES]);
        });
    }
  });

  it('are the same bytes for the same step after a resume', async () => {
    const straight = paired();
    const all = await Promise.all([0, 1, 2, 3].map(async (step) => bytes(await at(straight, step))));
    expect(bytes(await at(paired(), 3))).toBe(all[3]);
    expect(new Set(all).size).toBe(4);
  });

  it('need at least one pair', () => {
    expect(() => pairDataset([], 2, shape)).toThrowError(expect.objectContaining({ code: 'NO_TRAINING_DATA' }));
  });
});

import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createShard, openShard } from '../../../datasets/features/sequence-shard.ts';
import { colourGrid } from '../../../models/encoders/image/colour-grid.ts';
import { uniform } from '../../../numeric/random.ts';
import { embedFrames } from '../../../pipelines/video-to-audio/prepare/embed-frames.ts';
import { embedText } from '../../../pipelines/video-to-audio/prepare/embed-text.ts';
import { importCodec } from '../../../pipelines/video-to-audio/prepare/import-codec.ts';
import { type Setup, setUp } from '../evaluate/trees.ts';
import { clipOf, taskContext } from '../features.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await setUp();
});
afterAll(() => rm(setup.folder, { recursive: true, force: true }));

const [SIDE, RATE] = [8, 25];
const pictures = (id: string, count: number) =>
  Uint8Array.from(uniform({ seed: 1, purpose: id }, count * SIDE * SIDE * 3), (value) => 256 * value);
async function embed(clips: Readonly<Record<string, number>>, encoder: 'colour-grid' | 'clip-vit-bigg-14' = 'colour-grid') {
  const folder = join(setup.folder, `media-${Object.keys(clips).join('-')}-${encoder}`);
  mkdirSync(folder);
  const frames = createShard(folder, { name: 'frames', scalar: 'u8', rowsPerSecond: RATE, shape: [SIDE, SIDE, 3] });
  for (const [id, count] of Object.entries(clips)) frames.append(id, pictures(id, count));
  frames.close();
  const item = { id: 'one', artifact: await setup.store.putTree(folder) };
  const { video } = await embedFrames({ inputs: {}, params: { encoder, cells: 2 }, item, context: taskContext(setup) });
  return openShard({ arrow: join(video, 'video.arrow'), index: join(video, 'video.json') });
}

describe('features of pictures', () => {
  it('are the encoder’s, a row a picture, at the rate of the pictures', async () => {
    const video = await embed({ a: 3, b: 5 });
    expect(video.index).toMatchObject({
      rowsPerSecond: RATE,
      width: 12,
      clips: [
        { id: 'a', rows: 3 },
        { id: 'b', rows: 5 },
      ],
    });
    const expected = colourGrid(SIDE, 2).encode(pictures('b', 5));
    video.read('b').forEach((value, i) => {
      expect(Math.abs(value - (expected[i] ?? Number.NaN))).toBeLessThan(2e-3);
    });
    video.close();
  });
  it('of sounds without a picture are an empty shard', async () => {
    const video = await embed({});
    expect(video.index.clips).toEqual([]);
    video.close();
  });
});

describe('an encoder that cannot be run', () => {
  const missing = (wanted: string, available: string) => ({
    code: 'ENCODER_MISSING',
    problems: [{ found: wanted, expected: available, hint: expect.stringContaining('--set encoders') }],
  });
  it('of pictures is refused, with the one that is there', async () => {
    await expect(embed({ c: 1 }, 'clip-vit-bigg-14')).rejects.toMatchObject(missing('clip-vit-bigg-14', 'colour-grid'));
  });
  it('of text, and of sound, too', async () => {
    const params = { encoder: 'flan-t5-large', dimension: 4, tokens: 20 } as const;
    const text = embedText({ inputs: {}, params, item: { id: 'one', clips: [clipOf('a')] }, context: taskContext(setup) });
    await expect(text).rejects.toMatchObject(missing('flan-t5-large', 'hashed-words'));
    const codec = importCodec({ inputs: {}, params: { codec: 'encodec-24khz', digest: '' }, item: undefined, context: taskContext(setup) });
    await expect(codec).rejects.toMatchObject(missing('encodec-24khz', 'sostenuto'));
  });
});

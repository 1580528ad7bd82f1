import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createShard, openShard } from '../../../datasets/features/sequence-shard.ts';
import { colourGrid } from '../../../models/encoders/image/colour-grid.ts';
import { uniform } from '../../../numeric/random.ts';
import { embedFrames } from '../../../pipelines/video-to-audio/prepare/embed-frames.ts';
import { type Setup, setUp } from '../evaluate/trees.ts';
import { taskContext } from '../features.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await setUp();
});
afterAll(() => rm(setup.folder, { recursive: true, force: true }));

const [SIDE, RATE] = [8, 25];
const pictures = (id: string, count: number) =>
  Uint8Array.from(uniform({ seed: 1, purpose: id }, count * SIDE * SIDE * 3), (value) => 256 * value);
async function embed(clips: Readonly<Record<string, number>>) {
  const folder = join(setup.folder, `media-${Object.keys(clips).join('-')}`);
  mkdirSync(folder);
  const frames = createShard(folder, { name: 'frames', scalar: 'u8', rowsPerSecond: RATE, shape: [SIDE, SIDE, 3] });
  for (const [id, count] of Object.entries(clips)) frames.append(id, pictures(id, count));
  frames.close();
  const item = { id: 'one', artifact: await setup.store.putTree(folder) };
  const { video } = await embedFrames({ inputs: {}, params: { cells: 2 }, item, context: taskContext(setup) });
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

import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openShard } from '../../../datasets/features/sequence-shard.ts';
import { encodeMedia } from '../../../datasets/media/encode.ts';
import type { Artifact } from '../../../engine/define/ports.ts';
import { filmKeys } from '../../../pipelines/video-to-audio/prepare/film-keys.ts';
import type { Clip } from '../../../pipelines/video-to-audio/tasks.ts';
import { type Setup, setUp } from '../evaluate/trees.ts';
import { clipOf } from '../features.ts';

let setup: Setup;
let front: Artifact;
let pedal: Artifact;
let broken: Artifact;
const [WIDTH, HEIGHT, FRAMES] = [64, 32, 10];

/** A film whose left half has one grey and whose right half another, the same in every frame. */
async function film(name: string, left: number, right: number): Promise<Artifact> {
  const path = join(setup.folder, `${name}.mp4`);
  const frame = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => (Math.floor(i / 3) % WIDTH < WIDTH / 2 ? left : right));
  await encodeMedia({ path, width: WIDTH, height: HEIGHT, framesPerSecond: 25, frames: Array.from({ length: FRAMES }, () => frame) });
  return setup.store.putFile(path);
}
beforeAll(async () => {
  setup = await setUp();
  front = await film('front', 30, 200);
  pedal = await film('pedal', 120, 120);
  const cut = join(setup.folder, 'broken.mp4');
  await writeFile(cut, (await readFile(join(setup.folder, 'front.mp4'))).subarray(0, 700));
  broken = await setup.store.putFile(cut);
});
afterAll(() => rm(setup.folder, { recursive: true, force: true }));

const midi = { form: 'file', digest: '', bytes: 0 } as const;
const piano = (id: string, views: Clip['views']): Clip => clipOf(id, { midi, ...(views && { views }) });
const run = (clips: readonly Clip[], views: readonly string[], maxFailures = 0) =>
  filmKeys({
    inputs: { tools: { ffmpeg: [] } },
    params: { views, height: 4, width: 16, maxFailures },
    item: { id: 'shard-000', clips },
    context: setup.context,
  });
const opened = (directory: string, view: string) =>
  openShard({ arrow: join(directory, `${view}.arrow`), index: join(directory, `${view}.json`) });

describe('pictures of the keys', () => {
  it('are grey, 25 a second, scaled to one size, a shard a view, of the clips with notes', async () => {
    const { pictures, unreadable } = await run([piano('one', { front, pedal }), clipOf('no notes')], ['front', 'pedal']);
    expect(unreadable).toEqual([]);
    const [ofFront, ofPedal] = [opened(pictures, 'front'), opened(pictures, 'pedal')];
    expect(ofFront.index).toMatchObject({ rowsPerSecond: 25, shape: [4, 16], clips: [{ id: 'one', rows: FRAMES }] });
    const row = [...ofFront.read('one', 3, 1).subarray(16, 32)];
    expect(Math.abs((row[2] ?? 0) - 30)).toBeLessThan(5);
    expect(Math.abs((row[13] ?? 0) - 200)).toBeLessThan(5);
    expect(Math.abs((ofPedal.read('one')[5] ?? 0) - 120)).toBeLessThan(5);
    ofFront.close();
    ofPedal.close();
  });

  it('of a clip that lacks a view are none: it is set apart, with the view, what is there, and the way out', async () => {
    const clips = [piano('blind', { front }), piano('none', undefined), piano('whole', { front, pedal })];
    const { pictures, unreadable } = await run(clips, ['front', 'pedal'], 2);
    expect(unreadable).toEqual([
      { id: 'blind', reason: expect.stringMatching(/no view pedal \(only front\).*rollPredictor\.views/) },
      { id: 'none', reason: expect.stringContaining('no view front, pedal (only none)') },
    ]);
    const shard = opened(pictures, 'pedal');
    expect(shard.index.clips.map(({ id }) => id)).toEqual(['whole']);
    shard.close();
    await expect(run(clips, ['front', 'pedal'], 1)).rejects.toMatchObject({ code: 'TOO_MANY_FAILURES' });
  });

  it('of a clip with one damaged view are set apart as a whole, with the reason', async () => {
    const clips = [piano('damaged', { front, pedal: broken }), piano('whole', { front, pedal })];
    const { pictures, unreadable } = await run(clips, ['front', 'pedal'], 1);
    expect(unreadable).toEqual([{ id: 'damaged', reason: expect.stringMatching(/\w/) }]);
    for (const view of ['front', 'pedal']) {
      const shard = opened(pictures, view);
      expect(shard.index.clips.map(({ id }) => id)).toEqual(['whole']);
      shard.close();
    }
  });

  it('fail when more clips are damaged than is allowed', async () => {
    await expect(run([piano('damaged', { front: broken })], ['front'])).rejects.toMatchObject({ code: 'TOO_MANY_FAILURES' });
  });
});

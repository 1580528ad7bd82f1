import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pairClips } from '../../../pipelines/video-to-audio/label/pair-clips.ts';
import { type Setup, setUp } from '../evaluate/trees.ts';
import { clipOf, type MadeClip, mappedShard, taskContext } from '../features.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await setUp();
});
afterAll(() => rm(setup.folder, { recursive: true, force: true }));

const played = (piece: string, pianist: string, hasSound = true): MadeClip => ({
  clip: clipOf(`${piece}-${pianist}`, { piece, pianist }),
  features: hasSound ? { audio: new Float32Array(2400).map((_, i) => Math.sin(i)) } : {},
});

it('pairs are made of whole clips; what lacks a sound, or was set apart for its notes or views, is dropped with its reason', async () => {
  const clips = ['x', 'y', 'z'].flatMap((piece) => ['a', 'b'].map((pianist) => played(piece, pianist, piece !== 'y' || pianist !== 'b')));
  const { pairs, dropped } = await pairClips({
    inputs: {
      shards: [{ id: 'one', clips: clips.map(({ clip }) => clip) }],
      media: await mappedShard(setup, 'audio', clips, { scalar: 'f32', rowsPerSecond: 24_000, shape: [1] }),
      quarantined: [{ id: 'z-a', reason: 'view pedal: no frame' }],
    },
    params: { versions: { a: 'a', b: 'b' } },
    item: undefined,
    context: taskContext(setup),
  });
  expect(pairs.map(({ a, b }) => [a.id, b.id])).toEqual([['x-a', 'x-b']]);
  expect(dropped.map(({ id, reason }) => `${id}: ${reason}`)).toEqual([
    'y-b: it has no sound',
    'z-a: view pedal: no frame',
    'y-a: no clip of "y" by "b" to compare it with',
    'z-b: no clip of "z" by "a" to compare it with',
  ]);
});

import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { queryCatalogue } from '../../../datasets/features/catalogue.ts';
import type { Mapped, Quarantined } from '../../../engine/define/pipeline.ts';
import { catalogue } from '../../../pipelines/video-to-audio/prepare/catalogue.ts';
import { type Setup, setUp } from '../evaluate/trees.ts';
import { CHANNELS, clipOf, KEYS, type MadeClip, mappedShard, mappedViews, TEXT, taskContext } from '../features.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await setUp();
});
afterAll(() => rm(setup.folder, { recursive: true, force: true }));

const setApart = async (clips: readonly Quarantined[]): Promise<readonly Mapped[]> => [
  { id: 'one', artifact: await setup.store.putJson(clips) },
];

it('lists every clip with what was made of it, and all that was set apart or not let in, wherever, with its reason', async () => {
  const clips: MadeClip[] = [
    { clip: clipOf('piano'), features: { latents: new Float32Array(150 * CHANNELS), roll: new Uint8Array(KEYS + 1) } },
    {
      clip: clipOf('mixture', { set: 'sounds', label: 'mixture' }),
      features: { latents: new Float32Array(75 * CHANNELS), text: new Float32Array(2 * TEXT) },
    },
    { clip: clipOf('broken', { set: 'events', split: 'test' }), features: {} },
  ];
  const warnings: string[] = [];
  const context = Object.create(taskContext(setup), { warn: { value: (line: string) => warnings.push(line) } });
  const made = await catalogue({
    inputs: {
      shards: [{ id: 'shard-000', clips: clips.map(({ clip }) => clip) }],
      refused: [{ id: 'row', reason: 'no such file' }],
      unreadable: await setApart([{ id: 'broken', reason: 'damaged' }]),
      unreadableMidi: await setApart([{ id: 'song', reason: 'cut' }]),
      unreadableViews: await setApart([{ id: 'blind', reason: 'no frame' }]),
      media: [],
      latents: await mappedShard(setup, 'latents', clips, { scalar: 'f16' }),
      text: await mappedShard(setup, 'text', clips),
      video: [],
      rolls: await mappedShard(setup, 'roll', clips),
      pictures: await mappedViews(setup, ['front', 'top'], clips),
    },
    params: {},
    item: undefined,
    context,
  });
  expect(warnings).toEqual(['3 of 3 clips are set apart; the first is broken: damaged']);
  const rows = await queryCatalogue(made.clips, 'SELECT id, "set", split, seconds, has_roll, reason FROM catalogue ORDER BY id');
  expect(rows).toEqual([
    { id: 'broken', set: 'events', split: 'test', seconds: null, has_roll: false, reason: 'damaged' },
    { id: 'mixture', set: 'sounds', split: 'train', seconds: 1, has_roll: false, reason: null },
    { id: 'piano', set: 'piano', split: 'train', seconds: 2, has_roll: true, reason: null },
    { id: 'row', set: null, split: null, seconds: null, has_roll: null, reason: 'no such file' },
  ]);
  const features = await queryCatalogue(
    made.features,
    'SELECT feature, id, batch::INT AS batch, rows::INT AS rows, width::INT AS width, scalar FROM catalogue ORDER BY feature, batch',
  );
  expect(features).toEqual([
    { feature: 'latents', id: 'piano', batch: 0, rows: 150, width: CHANNELS, scalar: 'f16' },
    { feature: 'latents', id: 'mixture', batch: 1, rows: 75, width: CHANNELS, scalar: 'f16' },
    { feature: 'roll', id: 'piano', batch: 0, rows: 1, width: KEYS + 1, scalar: 'u8' },
    { feature: 'text', id: 'mixture', batch: 0, rows: 2, width: TEXT, scalar: 'f32' },
  ]);
  expect(made.quarantined.map(({ id, reason }) => `${id}: ${reason}`)).toEqual([
    'row: no such file',
    'broken: damaged',
    'song: cut',
    'blind: no frame',
  ]);
});

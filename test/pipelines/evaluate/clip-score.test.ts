import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeMedia } from '../../../datasets/media/decode.ts';
import { writeWav } from '../../../datasets/media/wav.ts';
import type { StoredTree } from '../../../engine/define/ports.ts';
import { loadBackend } from '../../../models/backend/index.ts';
import { loadPictureEncoder } from '../../../models/encoders/image/network.ts';
import { cosine } from '../../../models/metrics/scoring/cosine.ts';
import { storeFloats } from '../../../models/tensor/safetensors.ts';
import { hearOriginals, hearSystem } from '../../../pipelines/evaluate/evaluate/hear.ts';
import { openShards } from '../../../pipelines/evaluate/evaluate/heard-files.ts';
import { judgeSystem } from '../../../pipelines/evaluate/evaluate/judge-system.ts';
import { describeOriginals } from '../../../pipelines/evaluate/prepare/describe-originals.ts';
import { importReferences, importSystems } from '../../../pipelines/evaluate/prepare/import-sounds.ts';
import { presets } from '../../../pipelines/evaluate/settings.ts';
import { sourceOf } from '../../../pipelines/evaluate/sources.ts';
import { encoderParams } from '../../../pipelines/video-to-audio/encoders.ts';
import { copyFolder, editJson, editWeights, fixtureOf } from '../../models/encoders/folders.ts';
import { clicks, networksOf, type Setup, setUp } from './trees.ts';

const fixtures = join(import.meta.dirname, '../../fixtures');
const protocol = { ...presets.method.protocol, film: { framesPerSecond: 25, side: 32 } };
const wav2clip = { path: join(fixtures, 'metrics/tiny_scoring_nets/wav2clip_tiny.safetensors'), stamp: '' };
const params = { protocol, codec: '', transcribe: false };
const nothing = { item: undefined } as const;
const WIDTH = 32;

let setup: Setup;
let references: StoredTree;
let clip: string;
beforeAll(async () => {
  setup = await setUp();
  const folder = join(setup.folder, 'given');
  mkdirSync(folder);
  cpSync(join(fixtures, 'media/av_25fps_44k_stereo.mp4'), join(folder, 'film.mp4'));
  const source = sourceOf('references', folder);
  references = await tree((await importReferences({ inputs: {}, params: { source }, ...nothing, context: setup.context })).references);
  clip = copyFolder(fixtureOf.clipVision, join(setup.folder, 'clip'));
  editJson(join(clip, 'config.json'), (config) => ({ ...config, projection_dim: WIDTH }));
  const [rows, columns] = [WIDTH, 32];
  const projection = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i * i));
  await editWeights(clip, (tensors) => tensors.set('visual_projection.weight', storeFloats(projection, [rows, columns])));
});
afterAll(() => rm(setup.folder, { recursive: true, force: true }));

const tree = async (path: string): Promise<StoredTree> => setup.store.openTree(await setup.store.putTree(path));

/** What a system's sound to the film scores, with what was seen and heard for it. */
async function scored(encoder: string) {
  const { context } = setup;
  const files = { wav2clip };
  const { describing, listening } = await networksOf(setup, { files, clip: encoderParams('image', encoder) });
  const networks = listening;
  const inputs = { references, networks: describing };
  const originals = await tree((await describeOriginals({ inputs, params: { protocol }, ...nothing, context })).originals);
  const reference = await tree((await hearOriginals({ inputs: { references, originals, networks }, params, ...nothing, context })).heard);
  const sounds = join(setup.folder, `sounds of ${encoder.length}`);
  mkdirSync(sounds);
  writeFileSync(join(sounds, 'film.wav'), writeWav(clicks([0.2, 0.5]), 24_000));
  const system = { id: 'ours', source: sourceOf('systems.ours', sounds) };
  const { systems } = await importSystems({ inputs: {}, params: { systems: [system] }, ...nothing, context });
  const [item] = systems;
  if (item === undefined) throw new Error('no system');
  const heard = await setup.store.putTree((await hearSystem({ inputs: { originals, networks }, params, item, context })).heard);
  const run = { inputs: { originals, reference }, params: { protocol }, item: { id: 'ours', artifact: heard }, context };
  return { originals, heard: await setup.store.openTree(heard), ...(await judgeSystem(run)) };
}

describe('the CLIP score of a folder with CLIP', () => {
  it('is a hundred times the mean cosine of the sound with every frame that CLIP sees', async () => {
    const { originals, heard, judged } = await scored(clip);
    const own = openShards(heard).shard('wav2clip')?.read('film') ?? [];
    const { tf } = await loadBackend();
    const encoder = await loadPictureEncoder(tf, clip);
    const { frames } = await decodeMedia(join(fixtures, 'media/av_25fps_44k_stereo.mp4'), { streams: 'video', framesPerSecond: 4 });
    if (!frames) throw new Error('no frames');
    const size = frames.width * frames.height * 3;
    const pictures = Array.from({ length: frames.count }, (_, i) => ({
      width: frames.width,
      height: frames.height,
      data: Uint8Array.from(frames.data.subarray(i * size, (i + 1) * size)),
    }));
    const seen = await encoder.encode(pictures);
    await encoder.dispose();
    expect(openShards(originals).shard('clip')?.read('film')).toHaveLength(seen.length);
    const cosines = pictures.map((_, i) => cosine(Array.from(own), seen.subarray(i * WIDTH, (i + 1) * WIDTH)) ?? Number.NaN);
    const mean = cosines.reduce((sum, value) => sum + value, 0) / cosines.length;
    expect(judged.clips[0]?.scores['clip-score-wav2clip']).toBeCloseTo(100 * mean, 3);
  });

  it('is not computed with another CLIP than the one that the sounds’ network learned to meet', async () => {
    const { judged } = await scored(fixtureOf.clipVision);
    expect(judged.clips[0]?.scores['clip-score-wav2clip']).toBeUndefined();
    const said = judged.notComputed.find(({ measure }) => measure === 'clip-score-wav2clip');
    expect(said?.reason).toBe(
      `Wav2CLIP gives ${WIDTH} values, and CLIP ${JSON.parse(readFileSync(join(fixtureOf.clipVision, 'config.json'), 'utf8')).projection_dim}`,
    );
  });
});

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoredTree } from '../../engine/define/ports.ts';
import { planPipeline } from '../../engine/plan/plan.ts';
import { readRollToMidiModel } from '../../models/training/roll-to-midi/model-files.ts';
import { uniform } from '../../numeric/random.ts';
import { playRolls } from '../../pipelines/video-to-audio/evaluate/play-rolls.ts';
import { soundIn } from '../../pipelines/video-to-audio/evaluate/references.ts';
import { guideFile } from '../../pipelines/video-to-audio/evaluate/roll-file.ts';
import type { ReferenceClip } from '../../pipelines/video-to-audio/evaluate/tasks.ts';
import { shardIn } from '../../pipelines/video-to-audio/features.ts';
import { videoToAudio } from '../../pipelines/video-to-audio/pipeline.ts';
import { presets } from '../../pipelines/video-to-audio/presets.ts';
import { rollToMidiParams } from '../../pipelines/video-to-audio/stages.ts';
import { trainRollPredictor } from '../../pipelines/video-to-audio/train/train-roll-predictor.ts';
import { trainRollToMidi } from '../../pipelines/video-to-audio/train/train-roll-to-midi.ts';
import { type Setup, setUp } from './evaluate/trees.ts';
import { clipOf, HEIGHT, KEYS, type MadeClip, mappedShard, mappedViews, trainingContext, WIDTH } from './features.ts';

const [PICTURES, LATENTS] = [40, 120];
/** A piano clip whose pictures and notes are drawn by a name. */
function filmed(id: string, split: MadeClip['clip']['split'], drawnBy = id): MadeClip {
  const front = Uint8Array.from(uniform({ seed: 1, purpose: drawnBy }, PICTURES * HEIGHT * WIDTH), (value) => 255 * value);
  const roll = new Uint8Array(LATENTS * (KEYS + 1));
  for (let frame = 0; frame < LATENTS; frame++) roll[frame * (KEYS + 1) + 30 + ((drawnBy.length + Math.floor(frame / 20)) % 20)] = 90;
  return { clip: clipOf(id, { split }), features: { front, roll } };
}
const clips = [filmed('a', 'train'), filmed('b', 'train'), filmed('c', 'validation'), filmed('d', 'test')];

let setup: Setup;
let predictor: StoredTree;
const stored = async (folder: string) => setup.store.openTree(await setup.store.putTree(folder));
const inputsOf = async (made: readonly MadeClip[]) => ({
  shards: [{ id: 'one', clips: made.map(({ clip }) => clip) }],
  latents: [],
  rolls: await mappedShard(setup, 'roll', made),
  pictures: await mappedViews(setup, ['front'], made),
});
async function corrected(name: string, made: readonly MadeClip[]): Promise<string> {
  const inputs = { ...(await inputsOf(made)), predictor };
  const params = rollToMidiParams(presets.tiny);
  const { corrector } = await trainRollToMidi({ inputs, params, item: undefined, context: trainingContext(setup, name) });
  return corrector;
}
beforeAll(async () => {
  setup = await setUp();
  const planned = planPipeline(videoToAudio, { preset: 'tiny' }).nodes.find(({ id }) => id === 'roll-predictor-binary');
  const params = planned?.params as Parameters<typeof trainRollPredictor>[0]['params'];
  const inputs = await inputsOf(clips);
  const trained = await trainRollPredictor({ inputs, params, item: undefined, context: trainingContext(setup, 'predictor') });
  predictor = await stored(trained.predictor);
});
afterAll(() => rm(setup.folder, { recursive: true, force: true }));

describe('the baseline', () => {
  const weightsIn = (directory: string) => readFileSync(join(directory, 'model.safetensors'), 'base64');

  it('learns from the training clips alone', async () => {
    const model = await corrected('first', clips);
    expect((await readRollToMidiModel(model)).config).toMatchObject({ keys: 51, steps: presets.tiny.rollToMidi.steps });
    const [a, b, c, d] = clips as [MadeClip, MadeClip, MadeClip, MadeClip];
    const heldOut = [filmed('c', 'validation', 'another'), filmed('d', 'test', 'yet another')];
    expect(weightsIn(await corrected('other held out', [a, b, ...heldOut]))).toBe(weightsIn(model));
    expect(weightsIn(await corrected('other trained', [a, filmed('b', 'train', 'another'), c, d]))).not.toBe(weightsIn(model));
  });

  it('refuses pictures at another rate', async () => {
    const inputs = { ...(await inputsOf(clips)), pictures: await mappedShard(setup, 'front', clips, { rowsPerSecond: 30 }), predictor };
    const params = rollToMidiParams(presets.tiny);
    const run = trainRollToMidi({ inputs, params, item: undefined, context: trainingContext(setup, 'rate') });
    await expect(run).rejects.toMatchObject({ code: 'FEATURE_INVALID' });
  });

  it('plays the piano references only, each stretch from its own time, and shows the roll that it plays', async () => {
    const reference = (id: string, from: number, rest: Partial<ReferenceClip> = {}): ReferenceClip => {
      const frames = 45;
      return { id, source: 'd', from, set: 'piano', caption: id, frames, seconds: frames / 75, ...rest };
    };
    const folder = join(setup.folder, 'references');
    mkdirSync(folder);
    const list = [reference('d', 0), reference('d@45', 45), reference('d@15', 15), reference('e', 0, { source: 'e', set: 'events' })];
    writeFileSync(join(folder, 'clips.json'), JSON.stringify(list));
    const inputs = {
      ...(await inputsOf(clips)),
      predictor,
      corrector: await stored(await corrected('played', clips)),
      references: await stored(folder),
      codec: await stored(join(import.meta.dirname, '../../models/codec/weights')),
    };
    const { generated } = await playRolls({ inputs, params: { seed: 1 }, item: undefined, context: setup.context });
    const tree = await stored(generated);
    expect([...tree.files.keys()].filter((name) => name.endsWith('.wav')).sort()).toEqual([
      'generated/d.wav',
      'generated/d@15.wav',
      'generated/d@45.wav',
    ]);
    const [first, later, between] = await Promise.all(['d', 'd@45', 'd@15'].map((id) => soundIn(tree, `generated/${id}.wav`)));
    expect(first).toHaveLength(45 * 320);
    expect(between).toEqual(Float32Array.of(...(first?.subarray(15 * 320) ?? []), ...(later?.subarray(0, 15 * 320) ?? [])));
    const latents = shardIn(tree, 'generated');
    expect(latents.index.clips.map(({ id, rows }) => [id, rows])).toEqual([
      ['d', 45],
      ['d@45', 45],
      ['d@15', 45],
    ]);
    latents.close();
    const guide = await guideFile(tree, 'd');
    expect(guide).toMatchObject({ kind: 'binary', roll: { framesPerSecond: 75, firstKey: 15, keys: 51 } });
    const cells = Buffer.from(guide?.roll.values ?? '', 'base64');
    expect(cells).toHaveLength(45 * 51);
    expect([...new Set(cells)].every((level) => level === 0 || level === 255)).toBe(true);
    expect(first?.some((value) => Math.abs(value) > 1e-3)).toBe(cells.includes(255));
  });
});

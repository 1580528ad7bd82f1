import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planPipeline } from '../../../engine/plan/plan.ts';
import { initialParameters, parameterShapes } from '../../../models/network/parameters.ts';
import { rollPredictorShapes } from '../../../models/network/roll-predictor/shapes.ts';
import type { Preference } from '../../../models/preference/decide.ts';
import { readFlowModel, writeFlowModel } from '../../../models/training/flow/model-files.ts';
import { ROLL_PREDICTOR } from '../../../models/training/flow/roll-term.ts';
import { flowNetworkConfig } from '../../../models/training/flow/train-flow.ts';
import { videoToAudio } from '../../../pipelines/video-to-audio/pipeline.ts';
import { flowSettings } from '../../../pipelines/video-to-audio/train/flow-settings.ts';
import type { StageParams } from '../../../pipelines/video-to-audio/train/tasks.ts';
import { trainRollPredictor } from '../../../pipelines/video-to-audio/train/train-roll-predictor.ts';
import { trainGuided, trainPreferences, trainStage, trainTextToAudio } from '../../../pipelines/video-to-audio/train/train-stage.ts';
import { type Setup, setUp } from '../evaluate/trees.ts';
import {
  CHANNELS,
  clipOf,
  HEIGHT,
  KEYS,
  type MadeClip,
  mappedViews,
  noiseOf,
  stageInputs,
  TEXT,
  trainingContext,
  WIDTH,
} from '../features.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await setUp();
});
afterAll(() => rm(setup.folder, { recursive: true, force: true }));

const { nodes } = planPipeline(videoToAudio, { preset: 'tiny', settings: { rollPredictor: { height: HEIGHT, width: WIDTH } } });
const paramsOf = (id: string): StageParams => {
  // The plan is plain JSON; this node's task takes these params.
  const params = nodes.find((node) => node.id === id)?.params as StageParams;
  return { ...params, steps: 1, mix: { sounds: 0, events: 0, piano: 2 } };
};

const piano = (id: string, piece: string, lacks?: string): MadeClip => {
  const film = new Uint8Array(10 * HEIGHT * WIDTH);
  const features = { ...noiseOf(id, 30), roll: new Uint8Array(30 * (KEYS + 1)).fill(1), front: film, top: film };
  return {
    clip: clipOf(id, { piece, pianist: id.slice(-1) }),
    features: Object.fromEntries(Object.entries(features).filter(([name]) => name !== lacks)),
  };
};
const clips = [piano('x-a', 'x'), piano('x-b', 'x'), piano('y-b', 'y'), piano('z-a', 'z', 'latents'), piano('u-a', 'u', 'roll')];

const stored = async (folder: string) => setup.store.openTree(await setup.store.putTree(folder));
/** A model as a stage leaves it, with weights that nobody trained. */
async function untrained(id: string, changed: Partial<StageParams['network']> = {}) {
  const params = paramsOf(id);
  const network = flowNetworkConfig(flowSettings({ ...params, network: { ...params.network, ...changed } }), {
    channels: CHANNELS,
    textWidth: TEXT,
  });
  const predictor = params.stage.roll?.predictor;
  const weights = new Map([
    ...initialParameters(parameterShapes(network), 1),
    ...[...(predictor ? initialParameters(rollPredictorShapes(predictor), 1) : [])].map(
      ([name, array]) => [ROLL_PREDICTOR + name, array] as const,
    ),
  ]);
  const folder = join(setup.folder, `model-${id}-${Object.keys(changed)}`);
  const config = {
    format: 1,
    kind: 'flow',
    network,
    ...(predictor && { rollPredictor: predictor }),
    textTokens: 2,
    frames: 30,
    steps: 0,
    seed: 1,
    averaged: false,
  } as const;
  await writeFlowModel(folder, config, { mean: new Float32Array(CHANNELS), deviation: new Float32Array(CHANNELS).fill(1) }, weights);
  return stored(folder);
}
const given = async () => ({ ...(await stageInputs(setup, clips)), pictures: await mappedViews(setup, ['front'], clips) });

describe('the stages refuse to be run out of order', () => {
  it('a stage without the roll stream cannot follow one that has it; every weight is named', async () => {
    const run = async () =>
      trainStage({
        inputs: { ...(await given()), before: await untrained('extra-velocity') },
        params: paramsOf('contrastive'),
        item: undefined,
        context: trainingContext(setup, 'backwards'),
      });
    await expect(run()).rejects.toMatchObject({ code: 'WEIGHTS_MISMATCH' });
    await expect(run()).rejects.toThrow(/no weight proj_frames\.weight/);
  });

  it('a model of other sizes is refused with both shapes', async () => {
    const before = await untrained('joint', { registers: 9 });
    const run = trainStage({
      inputs: { ...(await given()), before },
      params: paramsOf('joint'),
      item: undefined,
      context: trainingContext(setup, 'wider'),
    });
    await expect(run).rejects.toMatchObject({ code: 'WEIGHTS_MISMATCH' });
    await expect(run).rejects.toThrow(/found: \[9,\d+\][\s\S]*expected: \[\d+,\d+\]/);
  });

  it('a roll predictor with other views is refused with what differs', async () => {
    const views = ['front', 'top'];
    const inputs = { ...(await given()), pictures: await mappedViews(setup, views, clips) };
    const params = nodes.find((node) => node.id === 'roll-predictor-velocity')?.params as Parameters<
      typeof trainRollPredictor
    >[0]['params'];
    const { predictor } = await trainRollPredictor({
      inputs,
      params: { ...params, predictor: { ...params.predictor, views, sustain: true }, steps: 1 },
      item: undefined,
      context: trainingContext(setup, 'predictor of two views'),
    });
    const run = trainGuided({
      inputs: { ...inputs, before: await untrained('extra-velocity'), predictor: await stored(predictor) },
      params: paramsOf('velocity'),
      item: undefined,
      context: trainingContext(setup, 'other views'),
    });
    await expect(run).rejects.toMatchObject({ code: 'CHECKPOINT_MISMATCH' });
    await expect(run).rejects.toThrow(/does not know[\s\S]*sustain\.weight[\s\S]*conv1\.weight \[2,10,11,11\], expected \[2,5,11,11\]/);
  });

  it('preferences cannot follow a model without a roll predictor', async () => {
    await expect(prefer([pair('x-a', 'x-b')], 'extra-velocity')).rejects.toMatchObject({ code: 'STAGE_INVALID' });
  });
});

describe('a stage that goes on with a model', () => {
  it('keeps its scale of the latents, and with no step at all its weights', async () => {
    const [before, inputs] = [await untrained('joint'), await given()];
    const other = { mean: Array(CHANNELS).fill(3), deviation: Array(CHANNELS).fill(2) };
    const { model } = await trainStage({
      inputs: { ...inputs, before, statistics: { ...inputs.statistics, ...other } },
      params: { ...paramsOf('joint'), steps: 0 },
      item: undefined,
      context: trainingContext(setup, 'as it is'),
    });
    const [begun, ended] = [await readFlowModel(join(setup.folder, 'model-joint-')), await readFlowModel(model)];
    expect(ended.statistics).toEqual({ mean: new Float32Array(CHANNELS), deviation: new Float32Array(CHANNELS).fill(1) });
    for (const [name, { data }] of begun.weights)
      expect(Buffer.from(ended.weights.get(name)?.data.buffer as ArrayBuffer).toString('hex'), name).toBe(
        Buffer.from(data.buffer).toString('hex'),
      );
  });
});

const sound = { form: 'file', digest: '', bytes: 0 } as const;
const pair = (preferred: string, rejected: string, split = 'train'): Preference => ({
  pair: `${preferred}/${rejected}`,
  condition: 'a piece',
  split,
  preferred: { id: preferred, sound },
  rejected: { id: rejected, sound },
  rollsDiffer: true,
  votes: { a: 1, b: 0, tie: 0 },
  judge: 'manifest',
});
const prefer = async (preferences: readonly Preference[], before = 'velocity') =>
  trainPreferences({
    inputs: { ...(await given()), before: await untrained(before), preferences },
    params: paramsOf('preferred'),
    item: undefined,
    context: trainingContext(setup, preferences.map((one) => one.pair.replaceAll('/', ' ')).join()),
  });

describe('a pair', () => {
  it('of two performances of one piece is trained on', async () => {
    expect((await prefer([pair('x-a', 'x-b')])).model).toMatch(/model$/);
  });

  it.each([
    ['whose clip has no features', pair('z-a', 'x-b'), 'z-a', 'no features of this clip'],
    ['whose clip has no notes', pair('x-a', 'u-a'), 'u-a', 'a clip without notes'],
    ['whose clip nobody knows', pair('x-a', 'nobody'), 'nobody', 'no features of this clip'],
    ['of two pieces', pair('x-a', 'y-b'), 'x-a, y-b', 'the pieces x and y'],
  ])('%s is refused by its name', async (_, preference, where, found) => {
    await expect(prefer([preference])).rejects.toMatchObject({
      code: 'PAIR_INVALID',
      problems: [{ what: expect.stringContaining(preference.pair), where, found }],
    });
  });

  it('of held-out performances is not looked at, and none at all are too few', async () => {
    await expect(prefer([pair('z-a', 'x-b', 'test')])).rejects.toMatchObject({ code: 'NO_TRAINING_DATA' });
  });
});

describe('a stage without data', () => {
  it('of a set, or without one caption, says so', async () => {
    const run = async (made: readonly MadeClip[], mix = paramsOf('text-to-audio').mix) =>
      trainTextToAudio({
        inputs: await stageInputs(setup, made),
        params: { ...paramsOf('text-to-audio'), mix },
        item: undefined,
        context: trainingContext(setup, 'nothing'),
      });
    await expect(run(clips, { sounds: 1, events: 0, piano: 0 })).rejects.toThrow(/no clip of sounds/);
    await expect(run([piano('x-a', 'x', 'text')])).rejects.toThrow(/none with a caption/);
    await expect(run([])).rejects.toMatchObject({ code: 'NO_TRAINING_DATA' });
  });
});

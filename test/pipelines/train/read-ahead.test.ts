import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TaskContext } from '../../../engine/define/task.ts';
import { planPipeline } from '../../../engine/plan/plan.ts';
import { uniform } from '../../../numeric/random.ts';
import { videoToAudio } from '../../../pipelines/video-to-audio/pipeline.ts';
import { trainRollPredictor } from '../../../pipelines/video-to-audio/train/train-roll-predictor.ts';
import { trainTextToAudio } from '../../../pipelines/video-to-audio/train/train-stage.ts';
import { type Setup, setUp } from '../evaluate/trees.ts';
import { clipOf, HEIGHT, KEYS, type MadeClip, mappedViews, noiseOf, stageInputs, trainingContext, WIDTH } from '../features.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await setUp();
});
afterAll(() => rm(setup.folder, { recursive: true, force: true }));

const { nodes } = planPipeline(videoToAudio, { preset: 'tiny', settings: { rollPredictor: { height: HEIGHT, width: WIDTH } } });
/** The plan is plain JSON; this node's task takes these params. */
const paramsOf = <Params>(id: string): Params => nodes.find((node) => node.id === id)?.params as Params;

const piano = (id: string, pictures: number): MadeClip => ({
  clip: clipOf(id),
  features: {
    ...noiseOf(id, 3 * pictures),
    front: Uint8Array.from(uniform({ seed: 1, purpose: id }, pictures * HEIGHT * WIDTH), (value) => 256 * value),
    roll: Uint8Array.from({ length: 3 * pictures * (KEYS + 1) }, (_, i) => Number(i % (KEYS + 1) === 30 + (Math.floor(i / 400) % 20)) * 90),
  },
});
const clips = [piano('a', 20), piano('b', 13), piano('c', 16)];

const ahead = (name: string, readAhead: number): TaskContext =>
  Object.create(trainingContext(setup, name), { operational: { value: { readAhead, checkpointSteps: 2 } } });
const weightsIn = (folder: string) => readFileSync(join(folder, 'model.safetensors'), 'base64');

async function stage(name: string, readAhead: number, steps: number): Promise<string> {
  const params = paramsOf<Parameters<typeof trainTextToAudio>[0]['params']>('text-to-audio');
  const { model } = await trainTextToAudio({
    inputs: await stageInputs(setup, clips),
    params: { ...params, steps, mix: { sounds: 0, events: 0, piano: 2 }, training: { ...params.training, accumulate: 2 } },
    item: undefined,
    context: ahead(name, readAhead),
  });
  return weightsIn(model);
}
async function rollPredictor(name: string, readAhead: number, steps: number): Promise<string> {
  const params = paramsOf<Parameters<typeof trainRollPredictor>[0]['params']>('roll-predictor-velocity');
  const inputs = { ...(await stageInputs(setup, clips)), pictures: await mappedViews(setup, ['front'], clips) };
  const { predictor } = await trainRollPredictor({
    inputs,
    params: { ...params, steps },
    item: undefined,
    context: ahead(name, readAhead),
  });
  return weightsIn(predictor);
}

describe('a training on batches that a thread reads ahead', () => {
  it.each([
    ['a stage of the flow model, whose steps take two batches each', stage],
    ['the roll predictor', rollPredictor],
  ])(
    'ends with the same bytes as without, also resumed: %s',
    async (_, train) => {
      const alone = await train(`${train.name} alone`, 0, 4);
      await train(`${train.name} ahead`, 2, 2);
      expect(await train(`${train.name} ahead`, 2, 4)).toBe(alone);
    },
    120_000,
  );
});

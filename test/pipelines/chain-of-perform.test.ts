import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { settingsFrom } from '../../cli/assignments.ts';
import { views } from '../../datasets/synthetic/keyboard-video.ts';
import { planPipeline } from '../../engine/plan/plan.ts';
import type { RollPredictorConfig } from '../../models/network/roll-predictor/config.ts';
import { readFlowModel } from '../../models/training/flow/model-files.ts';
import { readRollModel } from '../../models/training/roll/model-files.ts';
import { uniform } from '../../numeric/random.ts';
import { videoToAudio } from '../../pipelines/video-to-audio/pipeline.ts';
import type { StageParams } from '../../pipelines/video-to-audio/train/tasks.ts';
import { trainRollPredictor } from '../../pipelines/video-to-audio/train/train-roll-predictor.ts';
import { trainGuided, trainTextToAudio } from '../../pipelines/video-to-audio/train/train-stage.ts';
import { type Setup, setUp } from './evaluate/trees.ts';
import { clipOf, HEIGHT, KEYS, type MadeClip, mappedViews, noiseOf, stageInputs, trainingContext, WIDTH } from './features.ts';

/** The rows of the table in docs/operations.md, as a user would type them: step, settings, arm. */
const documented = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8')
  .split('\n')
  .map((line) => /^\| (\d) \| .* \| (`--set .*`|those of step 3) \| `(\w+)` \|$/.exec(line)?.slice(1) ?? [])
  .filter((row) => row.length > 0);
const settingsOf = (words = '') =>
  settingsFrom([...words.matchAll(/--set ([^`]+?)(?=`| --set)/g)].map(([, word = '']) => word.replaceAll("'", '')));

interface Predicted {
  readonly seed: number;
  readonly predictor: RollPredictorConfig;
  readonly training: { batch: number; learningRate: number; loss: 'code' | 'paper' | 'audeo'; validateEvery: number };
  readonly steps: number;
}
function planned(words: string) {
  const { nodes } = planPipeline(videoToAudio, { preset: 'tiny', settings: settingsOf(words) });
  const paramsOf = <T>(id: string) => nodes.find((node) => node.id === id)?.params as T;
  return {
    set: paramsOf<{ views: string[] }>('piano'),
    keys: paramsOf<{ views: string[] }>('keys'),
    predictor: (kind: 'velocity' | 'binary') => paramsOf<Predicted>(`roll-predictor-${kind}`),
    stage: (id: string) => paramsOf<StageParams>(id),
  };
}

let setup: Setup;
beforeAll(async () => {
  setup = await setUp();
});
afterAll(() => rm(setup.folder, { recursive: true, force: true }));

const FRAMES = 30;
/** Piano clips filmed from all sides, with notes and a pedal that goes down half-way. */
const clips: MadeClip[] = ['a', 'b', 'c'].map((id) => {
  const pictures = Math.floor(FRAMES / 3);
  const roll = new Uint8Array(FRAMES * (KEYS + 1));
  for (let frame = 0; frame < FRAMES; frame++) {
    roll[frame * (KEYS + 1) + 40 + (frame > 12 ? 1 : 0)] = 90;
    roll[frame * (KEYS + 1) + KEYS] = Number(frame >= FRAMES / 2);
  }
  const film = (view: string) => uniform({ seed: 1, purpose: `${id} ${view}` }, pictures * HEIGHT * WIDTH).map((value) => 255 * value);
  const seen = Object.fromEntries(views.map((view) => [view, Uint8Array.from(film(view))]));
  return { clip: clipOf(id, { split: id === 'c' ? 'validation' : 'train' }), features: { ...noiseOf(id, FRAMES), roll, ...seen } };
});

const MIX = { sounds: 0, events: 0, piano: 2 };
const stored = async (folder: string) => setup.store.openTree(await setup.store.putTree(folder));
/** The model that every step begins with. */
let beginning: Promise<string>;
beforeAll(() => {
  const params = { ...planned('').stage('text-to-audio'), mix: MIX, steps: 1 };
  const train = async () =>
    trainTextToAudio({ inputs: await stageInputs(setup, clips), params, item: undefined, context: trainingContext(setup, 'text') });
  beginning = train().then(({ model }) => model);
});

it('the four steps are documented, each with settings that plan', () => {
  expect(documented.map(([step]) => step)).toEqual(['1', '2', '3', '4']);
  const seen = documented.slice(0, 3).map(([, words = '']) => planned(words).predictor('velocity').predictor);
  expect(seen.map((predictor) => [predictor.views.length, predictor.sustain])).toEqual([
    [1, false],
    [4, false],
    [5, true],
  ]);
  expect(documented.map(([, , arm]) => arm)).toEqual(['binary', 'velocity', 'velocity', 'preferred']);
});

describe.each(documented.slice(0, 3))('step %s', (step, words = '', arm = '') => {
  const { set, keys, predictor, stage } = planned(words);
  const kind = arm === 'binary' ? 'binary' : 'velocity';

  it('films what it sees, and the front, which has the sound', () => {
    expect([...keys.views].sort()).toEqual([...predictor(kind).predictor.views].sort());
    expect([...set.views].sort()).toEqual([...new Set(['front', ...keys.views])].sort());
  });

  it('trains its predictor, which then guides the roll stream, the pedal as one column more', async () => {
    const inputs = await stageInputs(setup, clips);
    const pictures = await mappedViews(setup, keys.views, clips);
    const trained = await trainRollPredictor({
      inputs: { ...inputs, pictures },
      params: { ...predictor(kind), steps: 2 },
      item: undefined,
      context: trainingContext(setup, `roll-${step}`),
    });
    const { config, weights } = await readRollModel(trained.predictor);
    const { sustain } = config.predictor;
    expect(config.predictor.target).toBe(kind);
    expect(weights.get('conv1.weight')?.shape[1]).toBe(5 * keys.views.length);
    expect(weights.has('sustain.weight')).toBe(sustain);

    const { model } = await trainGuided({
      inputs: { ...inputs, pictures, before: await stored(await beginning), predictor: await stored(trained.predictor) },
      params: { ...stage(kind), mix: MIX, steps: 2 },
      item: undefined,
      context: trainingContext(setup, `guided-${step}`),
    });
    const guided = await readFlowModel(model);
    expect(guided.network.extra?.keys).toBe(51 + Number(sustain));
    expect(guided.config.rollPredictor?.views).toEqual(keys.views);
    expect(guided.weights.has('video2roll_net.sustain.weight')).toBe(sustain);
  });
});

import { describe, expect, test } from 'vitest';
import { planPipeline } from '../../engine/plan/plan.ts';
import { codec } from '../../pipelines/codec/pipeline.ts';
import { videoToAudio } from '../../pipelines/video-to-audio/pipeline.ts';

const params = (settings: unknown) =>
  new Map(planPipeline(videoToAudio, { preset: 'tiny', settings }).nodes.map((node) => [node.id, JSON.stringify(node.params)]));
/** Nodes whose own params differ between two settings. */
function changed(settings: unknown): string[] {
  const before = params({});
  return [...params(settings)].filter(([id, text]) => before.get(id) !== text).map(([id]) => id);
}

describe('video-to-audio', () => {
  test('the way of the data, from clips to measures', () => {
    expect(planPipeline(videoToAudio, {}).nodes.map((node) => node.id)).toMatchInlineSnapshot(`
      [
        "media-tools",
        "sounds",
        "events",
        "piano",
        "ingest",
        "media",
        "mixtures",
        "codec",
        "latents",
        "text",
        "frames",
        "rolls",
        "keys",
        "catalogue",
        "statistics",
        "text-to-audio",
        "video",
        "joint",
        "contrastive",
        "factor",
        "extra-velocity",
        "roll-predictor-velocity",
        "velocity",
        "extra-binary",
        "roll-predictor-binary",
        "binary",
        "roll-to-midi",
        "unguided",
        "pairs",
        "judgments",
        "preferences",
        "preferred",
        "references",
        "style",
        "limits",
        "text-samples",
        "text-evaluation",
        "base-samples",
        "base-evaluation",
        "contrastive-samples",
        "contrastive-evaluation",
        "factor-samples",
        "factor-evaluation",
        "audeo-samples",
        "audeo-evaluation",
        "unguided-samples",
        "unguided-evaluation",
        "binary-samples",
        "binary-evaluation",
        "velocity-samples",
        "velocity-evaluation",
        "preferred-samples",
        "preferred-evaluation",
        "comparison",
      ]
    `);
  });

  test('runs the demo unless told otherwise', () => {
    expect(planPipeline(videoToAudio, {}).preset).toBe('demo');
  });

  test.each([
    [
      { sampling: { guidance: 1 } },
      ['text', 'base', 'contrastive', 'factor', 'unguided', 'binary', 'velocity', 'preferred'].map((arm) => `${arm}-samples`),
    ],
    [{ textToAudio: { learningRate: 0.01 } }, ['text-to-audio']],
    [{ data: { events: 5 } }, ['events']],
    [{ data: { mixtures: 5 } }, ['mixtures']],
    [{ training: { checkpointSteps: 7 } }, []],
    [
      { rollPredictor: { views: ['top'] } },
      ['piano', 'keys', 'roll-predictor-velocity', 'velocity', 'roll-predictor-binary', 'binary', 'unguided', 'preferred'],
    ],
    [{ rollToMidi: { learningRate: 0.01 } }, ['roll-to-midi']],
    [{ preferences: { beta: 9 } }, ['preferred']],
  ])('%j is read by %j alone', (settings, nodes) => {
    expect(changed(settings)).toEqual(nodes);
  });

  test.each(['text-to-audio', 'roll-to-midi'])('more steps of %s continue the same training', (id) => {
    const node = planPipeline(videoToAudio, {}).nodes.find((one) => one.id === id);
    expect(node?.endParams).toEqual(['steps']);
  });

  test('names every wrong setting with what was found and what is allowed', () => {
    const wrong = { textToAudio: { steps: 'many', learnignRate: 1 }, sampling: { sway: -2 } };
    expect(() => planPipeline(videoToAudio, { settings: wrong })).toThrowErrorMatchingInlineSnapshot(`
      [SostenutoError: There is no setting "textToAudio.learnignRate".
        where: textToAudio.learnignRate
        found: 1
        expected: steps, learningRate, mix
        way out: Did you mean "textToAudio.learningRate"?
      The setting "textToAudio.steps" has a value that is not allowed.
        where: textToAudio.steps
        found: "many"
        expected: a whole number ≥ 1
      The setting "sampling.sway" has a value that is not allowed.
        where: sampling.sway
        found: -2
        expected: a number ≥ -1, ≤ 1.75]
    `);
  });
});

describe('codec', () => {
  test('trains, then is judged', () => {
    expect(planPipeline(codec, { preset: 'tiny' }).nodes.map((node) => node.id)).toEqual(['codec', 'evaluation']);
  });
});

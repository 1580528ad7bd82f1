import { describe, expect, test } from 'vitest';
import { planPipeline } from '../../engine/plan/plan.ts';
import { SostenutoError } from '../../errors/problem.ts';
import { codec } from '../../pipelines/codec/pipeline.ts';
import { modelsOf } from '../../pipelines/video-to-audio/models.ts';
import { videoToAudio } from '../../pipelines/video-to-audio/pipeline.ts';
import { presets } from '../../pipelines/video-to-audio/presets.ts';

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
        "continued",
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
        "roll-use",
        "text-samples",
        "text-evaluation",
        "base-samples",
        "base-evaluation",
        "textless-samples",
        "textless-evaluation",
        "continued-samples",
        "continued-evaluation",
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
        "register",
      ]
    `);
  });

  test('runs the demo unless told otherwise', () => {
    expect(planPipeline(videoToAudio, {}).preset).toBe('demo');
  });

  test.each([
    [
      { sampling: { guidance: 1 } },
      ['text', 'base', 'textless', 'continued', 'contrastive', 'factor', 'unguided', 'binary', 'velocity', 'preferred'].map(
        (arm) => `${arm}-samples`,
      ),
    ],
    [{ textToAudio: { learningRate: 0.01 } }, ['text-to-audio']],
    [{ data: { events: 5 } }, ['events']],
    [{ data: { mixtures: 5 } }, ['mixtures']],
    [{ training: { checkpointSteps: 7, readAhead: 2 } }, []],
    [
      { rollPredictor: { views: ['top'] } },
      ['piano', 'keys', 'roll-predictor-velocity', 'velocity', 'roll-predictor-binary', 'binary', 'unguided', 'preferred'],
    ],
    [{ rollToMidi: { learningRate: 0.01 } }, ['roll-to-midi']],
    [{ preferences: { beta: 9 } }, ['preferred']],
    [{ register: { margin: 0.5 } }, ['register']],
  ])('%j is read by %j alone', (settings, nodes) => {
    expect(changed(settings)).toEqual(nodes);
  });

  test.each(['text-to-audio', 'roll-to-midi'])('more steps of %s continue the same training', (id) => {
    const node = planPipeline(videoToAudio, {}).nodes.find((one) => one.id === id);
    expect(node?.endParams).toEqual(['steps']);
  });

  test('asks a person before it registers, if told so', () => {
    const { nodes } = planPipeline(videoToAudio, { settings: { register: { approval: true, arm: 'velocity' } } });
    const last = nodes.slice(-2);
    expect(last.map(({ id, task }) => [id, task])).toEqual([
      ['approval', 'gate'],
      ['register', 'registerApprovedModel'],
    ]);
    expect(last[1]?.inputs['model']?.node).toBe('velocity');
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
        expected: a whole number ≥ 0
      The setting "sampling.sway" has a value that is not allowed.
        where: sampling.sway
        found: -2
        expected: a number ≥ -1, ≤ 1.75]
    `);
  });

  test.each([
    ['data.piano', (piano: number) => planPipeline(videoToAudio, { settings: { data: { piano } } })],
    ['data.unseen', (unseen: number) => planPipeline(codec, { settings: { data: { unseen } } })],
  ])('%s is no more than the pieces that a split has', (_, plan) => {
    expect(() => plan(10_000)).not.toThrow();
    expect(() => plan(10_001)).toThrow(/≤ 10000/);
  });
});

describe('weights that are given', () => {
  const digest = 'ab'.repeat(32);
  /** Of each node what it begins with. */
  const begins = (weights: Record<string, string>) => {
    const { nodes } = planPipeline(videoToAudio, { preset: 'tiny', settings: { weights } });
    return new Map(nodes.map(({ id, inputs }) => [id, inputs['before']?.node]));
  };

  test('take the place of the stages that only led to them', () => {
    const nodes = begins({ joint: digest, velocity: digest, 'roll-predictor-binary': digest });
    expect(['joint', 'contrastive', 'extra-binary', 'velocity', 'preferred'].map((id) => nodes.get(id))).toEqual([
      'joint-weights',
      'joint',
      'joint',
      'velocity-weights',
      'velocity',
    ]);
    const gone = ['video', 'extra-velocity', 'roll-predictor-velocity', 'roll-predictor-binary'];
    expect(gone.filter((id) => nodes.has(id))).toEqual([]);
    expect([...begins({}).keys()].filter((id) => gone.includes(id))).toHaveLength(gone.length);
  });

  test('can be given to every node that has a model of its own', () => {
    const all = Object.keys(modelsOf(presets.tiny));
    expect(all.filter((id) => !begins({ [id]: digest }).has(`${id}-weights`))).toEqual([]);
  });

  test('are taken by a node, or refused: those of two nodes of which one only leads to the other', () => {
    const all = Object.keys(modelsOf(presets.tiny));
    const pairs = all.flatMap((one, i) => all.slice(i + 1).map((other) => [one, other] as const));
    const refused = pairs.filter(([one, other]) => {
      try {
        const nodes = begins({ [one]: digest, [other]: digest });
        expect([one, other].filter((id) => !nodes.has(`${id}-weights`))).toEqual([]);
        return false;
      } catch (error) {
        if (!(error instanceof SostenutoError)) throw error;
        return true;
      }
    });
    expect(refused).toEqual([
      ['video', 'joint'],
      ['extra-velocity', 'velocity'],
      ['roll-predictor-velocity', 'velocity'],
      ['extra-binary', 'binary'],
    ]);
    expect(() => begins({ joint: digest, video: digest })).toThrow(
      /"weights.video" has a value[\s\S]*video only leads to joint, whose weights are given too/,
    );
  });

  test('are named by a digest and a node', () => {
    expect(() => begins({ jiont: digest, joint: 'the base model' })).toThrow(
      /no setting "weights.jiont"[\s\S]*Did you mean "weights.joint"[\s\S]*"weights.joint" has a value[\s\S]*64 digits/,
    );
  });
});

describe('codec', () => {
  test('trains, then is judged', () => {
    expect(planPipeline(codec, { preset: 'tiny' }).nodes.map((node) => node.id)).toEqual(['codec', 'evaluation']);
  });
});

import { expect, test } from 'vitest';
import { planPipeline } from '../../engine/plan/plan.ts';
import { estimates } from '../../pipelines/video-to-audio/estimate.ts';
import { videoToAudio } from '../../pipelines/video-to-audio/pipeline.ts';
import { presets } from '../../pipelines/video-to-audio/presets.ts';

const estimated = (settings: Parameters<typeof estimates>[0]) => new Map(estimates(settings).map((estimate) => [estimate.node, estimate]));

test('the published numbers of parameters are those that the paper preset would train', () => {
  const paper = estimated(presets.paper);
  const published = { joint: 710_952_640, velocity: 789_296_595, contrastive: 712_133_312 };
  for (const [node, parameters] of Object.entries(published)) expect(paper.get(node)?.parameters, node).toBe(parameters);
  // The released code labels the six video clips of a batch.
  const factor = { ...presets.paper.factor, terms: 'club-cond-maximise' as const, mix: { sounds: 0, events: 6, piano: 0 } };
  const asTrained = estimated({ ...presets.paper, factor });
  expect(asTrained.get('factor')?.parameters).toBe(717_780_673);
  expect(paper.get('factor')?.parameters).not.toBe(717_780_673);
  expect(estimated({ ...presets.paper, rollPredictor: { ...presets.paper.rollPredictor, keys: 88 } }).get('velocity')?.parameters).toBe(
    789_320_312,
  );
});

test('a stage trains what it says: all of the base in 1.3, the roll stream and the maps in 2.1', () => {
  const paper = estimated(presets.paper);
  expect(paper.get('joint')?.trained).toBe(paper.get('joint')?.parameters);
  expect(paper.get('extra-velocity')?.trained).toBeLessThan(0.2 * (paper.get('extra-velocity')?.parameters ?? 0));
});

test('more clips at once, longer crops and a frozen reference cost more memory', () => {
  const memory = (settings: Parameters<typeof estimates>[0], node: string) => estimated(settings).get(node)?.memory ?? Number.NaN;
  const { demo } = presets;
  const usual = memory(demo, 'joint');
  expect(memory({ ...demo, joint: { ...demo.joint, mix: { sounds: 8, events: 8, piano: 8 } } }, 'joint')).toBeGreaterThan(usual);
  expect(memory({ ...demo, training: { ...demo.training, frames: 300 } }, 'joint')).toBeGreaterThan(usual);
  expect(memory({ ...demo, rollToMidi: { ...demo.rollToMidi, batch: 16 } }, 'roll-to-midi')).toBeGreaterThan(memory(demo, 'roll-to-midi'));
  const same = { ...demo, preferences: { ...demo.preferences, mix: demo.guided.mix } };
  expect(memory(same, 'preferred')).toBeGreaterThan(memory(same, 'velocity'));
});

test('every training has an estimate', () => {
  const { nodes } = planPipeline(videoToAudio, { preset: 'tiny' });
  const trainings = nodes.filter(({ task }) => /^train(?!StyleJudge)/.test(task));
  expect(trainings.length).toBeGreaterThan(10);
  const known = estimated(presets.tiny);
  for (const { id, params } of trainings)
    expect(known.get(id), id).toMatchObject({ memory: expect.any(Number), steps: (params as { steps: number }).steps });
});

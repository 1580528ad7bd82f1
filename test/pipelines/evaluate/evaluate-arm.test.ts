import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoredTree } from '../../../engine/define/ports.ts';
import { evaluateArm } from '../../../pipelines/video-to-audio/evaluate/evaluate-arm.ts';
import { evaluateReferences } from '../../../pipelines/video-to-audio/evaluate/evaluate-references.ts';
import { type MeasureName, valuesOf } from '../../../pipelines/video-to-audio/evaluate/measured.ts';
import type { Evaluation, ReferenceClip } from '../../../pipelines/video-to-audio/evaluate/tasks.ts';
import type { SetName } from '../../../pipelines/video-to-audio/tasks.ts';
import { clicks, eventTimes, generated, type PianistId, pianoSound, references, type Setup, setUp, styleJudge } from './trees.ts';

const AVERAGING = { averaging: 'samples' } as const;
const style = styleJudge();
let setup: Setup;
let tree: StoredTree;
let clips: ReferenceClip[];
let limits: Record<string, Evaluation>;

beforeAll(async () => {
  setup = await setUp();
  ({ tree, clips } = await references(setup, 2));
  const { evaluations } = await evaluateReferences({
    inputs: { references: tree, style },
    params: AVERAGING,
    item: undefined,
    context: setup.context,
  });
  limits = Object.fromEntries(evaluations.map((one) => [one.arm, one]));
});
afterAll(() => rm(setup.folder, { recursive: true, force: true }));

const numberOf = (clip: ReferenceClip) => Number(clip.id.split('-')[1]);
const copy = (clip: ReferenceClip, pianist = clip.pianist as PianistId) =>
  clip.set === 'piano' ? pianoSound(numberOf(clip), pianist) : clicks(eventTimes(numberOf(clip)));

async function evaluated(
  arm: string,
  soundOf: (clip: ReferenceClip) => Float32Array | undefined,
  options: Parameters<typeof generated>[4] = {},
  judge = style,
) {
  const made = await generated(setup, arm, clips, soundOf, options);
  const inputs = { references: tree, generated: made, style: judge };
  return evaluateArm({ inputs, params: { arm, ...AVERAGING, seed: 1, resamples: 100 }, item: undefined, context: setup.context });
}
const mean = ({ clips: judged }: Evaluation, set: SetName, name: MeasureName): number => {
  const values = valuesOf(judged, set, name);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
};
const limit = (name: string): Evaluation => {
  const found = limits[name];
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};

describe('the references themselves', () => {
  it('reach what cannot be surpassed', () => {
    expect(mean(limit('original'), 'piano', 'si-sdr-magnitude')).toBe(80);
    expect(mean(limit('original'), 'piano', 'log-mel-distance')).toBe(0);
    expect(mean(limit('original'), 'piano', 'midi-f1')).toBeGreaterThan(0.6);
    expect(mean(limit('original'), 'events', 'av-align-frame-difference')).toBeGreaterThan(0.5);
  });
  it.each<[SetName, MeasureName]>([
    ['piano', 'midi-f1'],
    ['piano', 'midi-f1-micro'],
    ['piano', 'si-sdr-magnitude'],
    ['events', 'av-align-frame-difference'],
    ['events', 'onset-motion-correlation'],
  ])('of %s score higher in %s than sounds of other clips do', (set, name) => {
    expect(mean(limit('original'), set, name)).toBeGreaterThan(mean(limit('another clip'), set, name));
  });
});

describe('an arm', () => {
  it('has a measure for each mean, with its interval', async () => {
    const { measures } = await evaluated('other', (clip) => (clip.set === 'piano' ? pianoSound(5, 'b') : undefined));
    const { value = 0, interval } = measures.find(({ name }) => name === 'other, piano: log-mel-distance') ?? {};
    expect(interval?.low).toBeLessThan(value);
    expect(interval?.high).toBeGreaterThan(value);
    expect(measures.find(({ name }) => name === 'other, piano: silent clips')).not.toHaveProperty('interval');
  });

  it('that copies the originals scores as they do, and is as far from them as nothing', async () => {
    const { evaluation } = await evaluated('copy', (clip) => copy(clip));
    expect(evaluation.clips).toEqual(limit('original').clips);
    expect(Math.abs(evaluation.frechet.piano?.distance ?? Number.NaN)).toBeLessThan(1e-6);
    expect(evaluation.frechet.sounds).toBeUndefined();
  });
  it('is not judged by its loudness', async () => {
    const { evaluation } = await evaluated('quiet', (clip) => copy(clip).map((value) => value / 6));
    expect(mean(evaluation, 'piano', 'si-sdr-magnitude')).toBeGreaterThan(30);
    expect(mean(evaluation, 'piano', 'midi-f1')).toBeCloseTo(mean(limit('original'), 'piano', 'midi-f1'), 1);
  });
  it('that is silent is counted apart: it has no SI-SDR and no style, hears no note and shows no agreement', async () => {
    const { evaluation, measures } = await evaluated('silence', ({ set }) => new Float32Array(24_000).fill(set === 'piano' ? 5e-4 : 0));
    expect(evaluation.clips.every(({ silent }) => silent)).toBe(true);
    expect(valuesOf(evaluation.clips, 'piano', 'si-sdr-magnitude')).toEqual([]);
    expect(valuesOf(evaluation.clips, 'piano', 'style-log-odds')).toEqual([]);
    expect(mean(evaluation, 'piano', 'midi-f1-micro')).toBe(0);
    expect(mean(evaluation, 'events', 'av-align-frame-difference')).toBe(0);
    expect(mean(evaluation, 'events', 'onset-motion-correlation')).toBe(0);
    expect(measures.find(({ name }) => name === 'silence, piano: silent clips')?.value).toBe(4);
    expect(measures.some(({ name }) => name.endsWith('piano: si-sdr-magnitude'))).toBe(false);
  });
  it('that plays like the other pianist is told from one that does not', async () => {
    const other = (clip: ReferenceClip) => copy(clip, clip.pianist === 'a' ? 'b' : 'a');
    const { evaluation } = await evaluated('swapped', other);
    for (const { id, scores } of evaluation.clips.filter(({ set }) => set === 'piano')) {
      const original = limit('original').clips.find((one) => one.id === id)?.scores['style-log-odds'] ?? 0;
      expect(original > 0).toBe(id.endsWith('a'));
      expect((scores['style-log-odds'] ?? 0) > 0).toBe(id.endsWith('b'));
    }
  });
  it('whose latents lie elsewhere is as far away as they do', async () => {
    const { evaluation } = await evaluated('shifted', (clip) => copy(clip), { shift: 2 });
    expect(evaluation.frechet.piano?.distance).toBeCloseTo(4 * 4, 3);
  });
  it('is judged on the clips that it made, and sounds that end early count as silent behind', async () => {
    const { evaluation } = await evaluated('some', (clip) => (clip.id === 'piano-0-a' ? copy(clip).subarray(0, 12_000) : undefined));
    expect(evaluation.clips.map(({ id }) => id)).toEqual(['piano-0-a']);
    expect(evaluation.clips[0]?.scores['si-sdr-magnitude']).toBeLessThan(40);
  });
  it('gets no figure of style from a judge that fails on originals', async () => {
    const { measures } = await evaluated('unreliable', (clip) => copy(clip), {}, styleJudge(0.8));
    expect(measures.some(({ name }) => name.includes('style'))).toBe(false);
    expect(measures.find(({ name }) => name === 'unreliable, piano: midi-f1')?.note).toContain('averaged by samples');
  });
});

import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoredTree } from '../../../engine/define/ports.ts';
import { type Ablation, ablationTables } from '../../../pipelines/video-to-audio/evaluate/ablation.ts';
import { ARMS, type Arm, CLAIMS } from '../../../pipelines/video-to-audio/evaluate/arms.ts';
import { judgeClaims } from '../../../pipelines/video-to-audio/evaluate/claims.ts';
import { compareArms } from '../../../pipelines/video-to-audio/evaluate/compare-arms.ts';
import { evaluateArm } from '../../../pipelines/video-to-audio/evaluate/evaluate-arm.ts';
import { evaluateReferences } from '../../../pipelines/video-to-audio/evaluate/evaluate-references.ts';
import type { ClipScores, MeasureName } from '../../../pipelines/video-to-audio/evaluate/measured.ts';
import type { Evaluation, ReferenceClip } from '../../../pipelines/video-to-audio/evaluate/tasks.ts';
import { generated, type PianistId, pianoSound, references, type Setup, setUp, styleJudge } from './trees.ts';

const nothing = { form: 'tree', digest: '', bytes: 0 } as const;

/** An evaluation of made-up scores, clip by clip. */
function scored(arm: string, clips: number, scoreOf: (index: number) => ClipScores['scores']): Evaluation {
  const rows = Array.from({ length: clips }, (_, i): ClipScores[] => [
    { id: `piano-${i}`, set: 'piano', silent: false, scores: scoreOf(i) },
    { id: `events-${i}`, set: 'events', silent: false, scores: scoreOf(i) },
  ]);
  return { arm, clips: rows.flat(), frechet: {}, sounds: { tree: nothing, folder: 'generated' }, transcribed: nothing };
}
const wave = (i: number) => 0.3 * Math.sin(2.3 * i);
const ablationOf = (arms: readonly Evaluation[], isReliable: (name: MeasureName) => boolean = () => true): Ablation => ({
  evaluations: new Map(arms.map((one) => [one.arm, one])),
  seed: 1,
  resamples: 500,
  isReliable,
});
const sentence = (ablation: Ablation, claim: number): string => judgeClaims(ablation).sentences[claim] ?? '';

describe('a claim', () => {
  const unguided = scored('unguided', 12, (i) => ({ 'si-sdr-magnitude': wave(i), 'midi-f1': 0.2 }));
  it.each([
    ['shown', 'shown', 1],
    ['not shown', 'not shown', 0],
    ['the opposite', 'the opposite is shown', -1],
  ])('is %s when the interval says so', (_, verdict, gain) => {
    const velocity = scored('velocity', 12, (i) => ({ 'si-sdr-magnitude': wave(i) + gain + 0.1 * Math.cos(1.7 * i), 'midi-f1': 0.2 }));
    const said = sentence(ablationOf([unguided, velocity]), 0);
    expect(said).toContain(`Guidance by the roll beats none: ${verdict} (velocity − unguided in si-sdr-magnitude`);
    expect(said).toContain('dB over 12 clips');
  });
  it('is decided clip by clip: a small steady gain counts, though clips differ far more than arms', () => {
    const spread = (gain: number) => (i: number) => ({ 'si-sdr-magnitude': 10 * Math.sin(i) + gain });
    const ablation = ablationOf([scored('unguided', 12, spread(0)), scored('velocity', 12, spread(0.2))]);
    expect(sentence(ablation, 0)).toContain('beats none: shown');
  });
  it('cannot be judged from few clips, however clear they are', () => {
    const ablation = ablationOf([
      scored('unguided', 5, () => ({ 'si-sdr-magnitude': 0 })),
      scored('velocity', 5, () => ({ 'si-sdr-magnitude': 9 })),
    ]);
    expect(sentence(ablation, 0)).toContain('cannot be judged');
    expect(judgeClaims(ablation).measures).toEqual([]);
  });
  it('about style cannot be judged by a judge that fails', () => {
    const arms = [
      scored('velocity', 9, () => ({ 'style-log-odds': 0 })),
      scored('preferred', 9, (i) => ({ 'style-log-odds': 2 + wave(i) })),
    ];
    expect(sentence(ablationOf(arms), 2)).toContain('preferred pianist: shown');
    expect(
      sentence(
        ablationOf(arms, (name) => name !== 'style-log-odds'),
        2,
      ),
    ).toContain('fails on held-out originals');
  });
  it('with two arms says each', () => {
    const agreement = (gain: number) => (i: number) => ({ 'av-align-frame-difference': 0.4 + gain + 0.1 * wave(i) });
    const arms = [scored('continued', 8, agreement(0)), scored('contrastive', 8, agreement(0.2)), scored('factor', 8, agreement(-0.2))];
    expect(sentence(ablationOf(arms), 3)).toContain('shown for contrastive, the opposite is shown for factor');
    expect(sentence(ablationOf(arms), 3)).toContain('as many steps without it');
    expect(sentence(ablationOf(arms.slice(0, 2)), 3)).not.toContain('as many steps without it');
  });
  it('is made for each of four, and without arms none is shown', () => {
    const { sentences, measures } = judgeClaims(ablationOf([]));
    expect(sentences).toHaveLength(CLAIMS.length);
    expect(sentences.every((one) => one.includes('cannot be judged') && one.includes('0 clips'))).toBe(true);
    expect(measures).toEqual([]);
  });
});

describe('the ablation tables', () => {
  it('hold an interval for every mean, the same every time, and a dash where there is nothing', () => {
    const arms = [scored('velocity', 6, (i) => ({ 'midi-f1': 0.5 + wave(i) / 3 })), scored('binary', 6, () => ({ 'midi-f1': 0.5 }))];
    const [first, differences] = ablationTables(ablationOf(arms));
    expect(first?.rows.map((row) => row.slice(0, 4))).toEqual([
      ['velocity', 6, 0, expect.stringMatching(/^0\.\d+ \(0\.\d+\s…\s0\.\d+\)$/)],
      ['binary', 6, 0, '0.5 (0.5\u00a0…\u00a00.5)'],
    ]);
    expect(first?.rows[0]?.at(-1)).toBeNull();
    expect(differences?.rows.map(([name]) => name)).toEqual(['velocity − binary']);
    expect(ablationTables(ablationOf(arms))).toEqual(ablationTables(ablationOf(arms)));
  });
});

describe('the comparison of arms', () => {
  let setup: Setup;
  let tree: StoredTree;
  let clips: ReferenceClip[];
  const style = styleJudge();
  const run = { item: undefined, params: { averaging: 'samples' as const } };
  beforeAll(async () => {
    setup = await setUp();
    ({ tree, clips } = await references(setup, 1));
  });
  afterAll(() => rm(setup.folder, { recursive: true, force: true }));

  it('lets every arm be heard and its notes be seen; arms without guide or without a clip are no failure', async () => {
    const { context } = setup;
    const evaluation = async (arm: Arm): Promise<Evaluation> => {
      const elsewhere = arm === 'audeo' ? undefined : new Float32Array(24_000);
      const soundOf = ({ set, pianist }: ReferenceClip) => (set === 'piano' ? pianoSound(5, pianist as PianistId) : elsewhere);
      const made = await generated(setup, arm, clips, soundOf, arm === 'velocity' ? { guide: 'velocity' } : {});
      const { evaluation } = await evaluateArm({
        ...run,
        inputs: { references: tree, generated: made, style },
        params: { arm, averaging: 'samples', seed: 1, resamples: 100 },
        context,
      });
      return evaluation;
    };
    const arms: Partial<Record<Arm, Evaluation>> = {};
    for (const arm of ARMS) arms[arm] = await evaluation(arm);
    const { evaluations: limits } = await evaluateReferences({ ...run, inputs: { references: tree, style }, context });
    const rollUse = { 'its own notes': 0.5, 'its notes at one loudness': 0.50001, 'another clip’s notes': 0.7, 'no notes': 0.75 };
    const inputs = { references: tree, style, limits, rollUse, ...(arms as Record<Arm, Evaluation>) };
    const { exhibits, measures } = await compareArms({ inputs, params: { seed: 1, resamples: 200, shown: 1 }, item: undefined, context });

    const { groups, tables, note } = JSON.parse(await readFile(join(exhibits, 'exhibits.json'), 'utf8'));
    expect(note).toContain('its own notes 0.5000, its notes at one loudness 0.5000, another clip’s notes 0.7000, no notes 0.7500.');
    const titles = groups.map((group: { items: { title: string }[] }) => group.items.map(({ title }) => title));
    expect(titles).toEqual([
      ['original', 'reconstructed', ...ARMS],
      ['original', 'reconstructed', ...ARMS.filter((arm) => arm !== 'audeo')],
    ]);
    const rolls = (title: string) =>
      groups[0].items.find((item: { title: string }) => item.title === title).rolls.map((one: { title: string }) => one.title);
    expect(rolls('original')).toEqual(['played', 'heard']);
    expect(rolls('velocity')).toEqual(['guide, velocity', 'heard']);
    expect(rolls('binary')).toEqual(['heard']);
    const guide = JSON.parse(await readFile(join(exhibits, 'piano-0-a/velocity-guide.json'), 'utf8'));
    expect(guide).toMatchObject({ framesPerSecond: 75, firstKey: 15, keys: 51 });
    expect(Buffer.from(guide.values, 'base64').subarray(0, 52)).toEqual(Buffer.from([...new Array(51).fill(128), 0]));
    expect(tables[0].rows).toHaveLength(4);
    expect(measures).toEqual([]); // Two piano clips and one of events decide nothing.
  });
});

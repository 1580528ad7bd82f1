import type { StoredTree } from '../../../engine/define/ports.ts';
import type { Run } from '../../../engine/define/task.ts';
import { FRECHET_CODEC_LATENT, frechetDistance } from '../../../models/metrics/frechet.ts';
import { bootstrapMean } from '../../../numeric/bootstrap.ts';
import type { Drawing, Measure } from '../../measure.ts';
import { rowsOfClips, shardIn } from '../features.ts';
import { judgeVersion } from './judge-version.ts';
import { MEASURED, measuresOn, SETS, valuesOf } from './measured.ts';
import { referenceClips, soundIn } from './references.ts';
import { isReliable } from './style-judge.ts';
import type { evaluateArm as declaration, Evaluation, ReferenceClip } from './tasks.ts';

export const evaluateArm: Run<typeof declaration> = async ({ inputs, params: { arm, averaging, ...drawing }, context }) => {
  const { references, generated, style } = inputs;
  const clips = (await referenceClips(references)).filter(({ id }) => generated.files.has(`generated/${id}.wav`));
  const judged = await judgeVersion(context, arm, clips, references, { style, averaging }, ({ id }) =>
    soundIn(generated, `generated/${id}.wav`),
  );
  const sounds = { tree: generated.artifact, folder: 'generated' };
  const evaluation: Evaluation = { arm, ...judged, frechet: frechetBySet(clips, generated, references), sounds };
  return { evaluation, measures: measuresOf(evaluation, averaging, isReliable(style), drawing) };
};

/** Two frames are the least that a covariance needs. */
function frechetBySet(clips: readonly ReferenceClip[], generated: StoredTree, references: StoredTree): Evaluation['frechet'] {
  if (!generated.files.has('generated.arrow')) return {};
  const [made, real] = [shardIn(generated, 'generated'), shardIn(references, 'original')];
  const bySet = SETS.flatMap((set) => {
    const ids = clips.flatMap((clip) => (clip.set === set && made.has(clip.id) ? [clip.id] : []));
    const [a, b] = [rowsOfClips(made, ids), rowsOfClips(real, ids)];
    const { width } = real.index;
    if (Math.min(a.length, b.length) < 2 * width) return [];
    const { distance, warning } = frechetDistance(a, b, width);
    return [[set, { distance, ...(warning !== undefined && { warning }) }]];
  });
  made.close();
  real.close();
  return Object.fromEntries(bySet);
}

/** Means over the clips that have a value; `style-log-odds` only if its judge can be relied on. */
function measuresOf({ arm, clips, frechet }: Evaluation, averaging: string, isStyleKnown: boolean, drawing: Drawing): Measure[] {
  return SETS.filter((set) => clips.some((clip) => clip.set === set)).flatMap((set) => {
    const means = measuresOn(set).flatMap((name): Measure[] => {
      const interval = bootstrapMean(valuesOf(clips, set, name), { ...drawing, purpose: `${arm}, ${set}: ${name}` });
      if (interval === undefined || (name === 'style-log-odds' && !isStyleKnown)) return [];
      const { better, unit, note } = MEASURED[name];
      const how = /^midi-(f1|precision|recall)$/.test(name) ? `, averaged by ${averaging}` : '';
      return [
        {
          name: `${arm}, ${set}: ${name}`,
          value: interval.mean,
          interval: { low: interval.low, high: interval.high },
          ...(unit !== undefined && { unit }),
          better,
          note: `${note}${how}; ${interval.count} clips`,
        },
      ];
    });
    const between = frechet[set];
    const distance: Measure[] =
      between === undefined
        ? []
        : [
            {
              name: `${arm}, ${set}: ${FRECHET_CODEC_LATENT}`,
              value: between.distance,
              better: 'lower',
              note: between.warning ?? 'to the originals',
            },
          ];
    const ofSet = clips.filter((clip) => clip.set === set);
    const silent = ofSet.filter((clip) => clip.silent).length;
    return [...means, ...distance, { name: `${arm}, ${set}: silent clips`, value: silent, better: 'lower', note: `of ${ofSet.length}` }];
  });
}

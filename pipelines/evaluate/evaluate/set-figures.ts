import { inceptionScore } from '../../../models/metrics/class-probabilities.ts';
import { frechetDistance } from '../../../models/metrics/frechet.ts';
import { rowsOfClips } from '../../video-to-audio/features.ts';
import type { MeasureName, NotComputed } from '../measured.ts';
import type { SetFigure } from '../tasks.ts';
import type { HeardFiles } from './heard-files.ts';

const DISTANCES = [
  ['frechet-vggish', 'vggish'],
  ['frechet-pann', 'pann'],
  ['frechet-passt', 'passt'],
  ['frechet-codec-latent', 'latents'],
] as const;

export interface SetFigures {
  readonly figures: Partial<Record<MeasureName, SetFigure>>;
  readonly notComputed: readonly NotComputed[];
}

/** Figures of a system's clips as a set, beside the originals of the same clips. */
export function setFigures(own: HeardFiles, originals: HeardFiles, ids: readonly string[]): SetFigures {
  const figures: Partial<Record<MeasureName, SetFigure>> = {};
  const notComputed: NotComputed[] = [];
  const tooFew = (measure: MeasureName, reason: string) => notComputed.push({ measure, reason, wayOut: 'more clips' });
  for (const [measure, name] of DISTANCES) {
    const [made, real] = [own.shard(name), originals.shard(name)];
    if (!made || !real) continue;
    const [a, b] = [rowsOfClips(made, ids), rowsOfClips(real, ids)];
    const { width } = real.index;
    const rows = Math.min(a.length, b.length) / width;
    if (rows < 2) {
      tooFew(measure, `${rows} rows; two are needed`);
      continue;
    }
    const { distance, warning } = frechetDistance(a, b, width);
    figures[measure] = { value: distance, rows, ...(warning !== undefined && { warning }) };
  }
  const classes = own.shard('pann-classes');
  if (classes) {
    const logits = rowsOfClips(classes, ids);
    const rows = logits.length / classes.index.width;
    const score = inceptionScore(logits, classes.index.width);
    if (score) figures['inception-score-pann'] = { value: score.mean, deviation: score.deviation, rows };
    else tooFew('inception-score-pann', `${rows} clips for 10 parts`);
  }
  return { figures, notComputed };
}

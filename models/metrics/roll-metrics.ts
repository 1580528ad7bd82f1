import { meanOf } from '../../numeric/statistics.ts';

/**
 * How frames and keys are averaged. `samples`: mean over frames, a frame without anything to judge counts 1 (Audeo's evaluation);
 * `weighted`: mean over keys by their support (the paper's evaluation of transcribed audio); `micro`: all cells together (training monitor).
 */
export type RollAveraging = 'samples' | 'weighted' | 'micro';

export interface RollScores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Mean over frames of TP/(TP+FP+FN); a frame where both are silent counts 1. */
  readonly accuracy: number;
}
interface Counts {
  truePositives: number;
  falsePositives: number;
  falseNegatives: number;
}

export interface RollOptions {
  readonly keys: number;
  readonly averaging: RollAveraging;
  /** Cells of the prediction at or above count as sounding. Without: above 0. */
  readonly predictionThreshold?: number;
  readonly targetThreshold?: number;
  /** Value where nothing can be judged; 1 as in the evaluations, 0 as in the training monitor. */
  readonly zeroDivision?: 0 | 1;
}

/** Frame-level precision, recall, F1 and accuracy of piano rolls [frames, keys], binary or with velocities. Both as sklearn computes them. */
export function rollScores(prediction: ArrayLike<number>, target: ArrayLike<number>, options: RollOptions): RollScores {
  const { keys, averaging, predictionThreshold, targetThreshold, zeroDivision = 1 } = options;
  if (prediction.length !== target.length || target.length % keys !== 0) {
    throw new RangeError(`Rolls of ${prediction.length} and ${target.length} cells do not fit frames of ${keys} keys.`);
  }
  const frames = target.length / keys;
  const on = (value: number | undefined, threshold: number | undefined) =>
    threshold === undefined ? (value ?? 0) > 0 : (value ?? 0) >= threshold;
  const empty = (): Counts => ({ truePositives: 0, falsePositives: 0, falseNegatives: 0 });
  const perFrame = Array.from({ length: frames }, empty);
  const perKey = Array.from({ length: keys }, empty);
  const all = empty();
  for (let cell = 0; cell < target.length; cell++) {
    const [p, t] = [on(prediction[cell], predictionThreshold), on(target[cell], targetThreshold)];
    if (!p && !t) continue;
    const kind = p && t ? 'truePositives' : p ? 'falsePositives' : 'falseNegatives';
    for (const counts of [perFrame[Math.floor(cell / keys)], perKey[cell % keys], all]) if (counts) counts[kind]++;
  }
  const accuracy = meanOf(perFrame.map((counts) => ratio(counts.truePositives, union(counts), 1)));
  const score = (counts: Counts) => scoresOf(counts, zeroDivision);
  if (averaging === 'micro') return { ...score(all), accuracy };
  if (averaging === 'samples') return { ...average(perFrame.map(score)), accuracy };
  const support = perKey.map((counts) => counts.truePositives + counts.falseNegatives);
  const total = support.reduce((sum, value) => sum + value, 0);
  // Without a sounding note in the target, sklearn falls back to the plain mean over keys.
  return { ...average(perKey.map(score), total > 0 ? support : undefined), accuracy };
}

const union = ({ truePositives, falsePositives, falseNegatives }: Counts) => truePositives + falsePositives + falseNegatives;
const ratio = (part: number, whole: number, otherwise: number) => (whole === 0 ? otherwise : part / whole);

function scoresOf(counts: Counts, zero: number): Omit<RollScores, 'accuracy'> {
  const { truePositives: tp, falsePositives: fp, falseNegatives: fn } = counts;
  return { precision: ratio(tp, tp + fp, zero), recall: ratio(tp, tp + fn, zero), f1: ratio(2 * tp, 2 * tp + fp + fn, zero) };
}

function average(scores: readonly Omit<RollScores, 'accuracy'>[], weights?: readonly number[]): Omit<RollScores, 'accuracy'> {
  const total = weights?.reduce((sum, value) => sum + value, 0) ?? scores.length;
  const of = (pick: (score: Omit<RollScores, 'accuracy'>) => number) =>
    scores.reduce((sum, score, i) => sum + pick(score) * (weights?.[i] ?? 1), 0) / total;
  return { precision: of((score) => score.precision), recall: of((score) => score.recall), f1: of((score) => score.f1) };
}

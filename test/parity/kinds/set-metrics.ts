import { expect } from 'vitest';
import { frechetDistance } from '../../../models/metrics/frechet.ts';
import { type RollAveraging, type RollScores, rollScores } from '../../../models/metrics/roll-metrics.ts';
import { rollMonitor } from '../../../models/objectives/roll-loss.ts';
import { maxDifference, testBackend } from '../../models/network/fixture.ts';
import type { Kind } from '../kind.ts';
import type { StoredTensors } from '../stored-tensors.ts';
import { casesOf, each, figuresOf, metric } from './metrics.ts';

const tf = await testBackend();

/** Rows with exactly this mean and this diagonal covariance (divided by n − 1): two on each axis. */
function rowsOf(mean: readonly number[], variance: readonly number[]): number[] {
  const axes = mean.flatMap((_, axis) => [1, -1].map((sign) => ({ axis, sign })));
  const spread = (value: number) => Math.sqrt((value * (axes.length - 1)) / 2);
  return axes.flatMap(({ axis, sign }) => mean.map((value, i) => value + (i === axis ? sign * spread(variance[i] ?? 0) : 0)));
}

interface FrechetFigures extends Record<string, unknown> {
  identical_sets?: { features: string; abs_tol: number };
  closed_form_1d?: { mu1: number; sigma1: number; mu2: number; sigma2: number; expected: number };
  closed_form_diagonal?: { mu1: number[]; diag1: number[]; mu2: number[]; diag2: number[]; expected: number };
  singular_covariances?: { cov1: number[][]; cov2: number[][]; mu_diff: number[]; expected_exact: number };
}
const diagonal = (matrix: number[][]) => matrix.map((row, i) => row[i] ?? Number.NaN);

/** Of two Gaussians given by their moments. */
function checkClosedForms(figures: FrechetFigures): void {
  const { closed_form_1d: one, closed_form_diagonal: many, singular_covariances: singular } = figures;
  const between = (mu1: number[], variance1: number[], mu2: number[], variance2: number[]) =>
    frechetDistance(rowsOf(mu1, variance1), rowsOf(mu2, variance2), mu1.length).distance;
  if (one) expect(between([one.mu1], [one.sigma1 ** 2], [one.mu2], [one.sigma2 ** 2])).toBeCloseTo(one.expected, 9);
  if (many) expect(between(many.mu1, many.diag1, many.mu2, many.diag2)).toBeCloseTo(many.expected, 9);
  if (!singular) return;
  const zeros = singular.mu_diff.map(() => 0);
  const found = between(singular.mu_diff, diagonal(singular.cov1), zeros, diagonal(singular.cov2));
  expect(found).toBeCloseTo(singular.expected_exact, 9);
}

const frechetKind = metric('frechet', (stored, path) => {
  const figures = figuresOf<FrechetFigures>(path);
  const { identical_sets: identical } = figures;
  return {
    ...each(casesOf(stored, 'gen'), (name, set) => {
      const [gen, ref] = [stored.array(set), stored.array(`${name}.ref`)];
      const wanted = figures[name] as { fd_eigh: number; trace_sum: number };
      const dimensions = gen.shape[1] ?? 0;
      const { distance, warning } = frechetDistance(gen.data, ref.data, dimensions);
      const singular = Math.min(gen.shape[0] ?? 0, ref.shape[0] ?? 0) <= dimensions;
      const tolerance = singular ? 1e-6 * wanted.trace_sum : 1e-9 * Math.max(1, wanted.fd_eigh);
      expect(Math.abs(distance - wanted.fd_eigh)).toBeLessThan(tolerance);
      expect(warning !== undefined).toBe(singular);
    }),
    'closed forms': () => checkClosedForms(figures),
    ...(identical && {
      'a set against itself': () => {
        const { data, shape } = stored.array(identical.features);
        expect(Math.abs(frechetDistance(data, data, shape[1] ?? 0).distance)).toBeLessThan(identical.abs_tol);
      },
    }),
  };
});

type Scores = Omit<RollScores, 'accuracy'>;
interface RollFigures extends Record<string, unknown> {
  velocity_keys15_65_weighted?: Scores;
  all_empty?: Record<RollAveraging, Scores>;
  gt_empty_pred_one?: Record<RollAveraging, Scores>;
  monitor_75_to_25?: Scores;
}
const AVERAGINGS: readonly RollAveraging[] = ['samples', 'weighted', 'micro'];
function expectScores({ accuracy: _, ...found }: RollScores, wanted: Scores, title: string): void {
  for (const [key, value] of Object.entries(found))
    expect(Math.abs(value - wanted[key as keyof Scores]), `${title} ${key}`).toBeLessThan(1e-12);
}

function checkRolls(stored: StoredTensors, name: string, wanted: Record<string, Scores & number>): void {
  const [gt, pred] = [stored.array(`${name}.gt`), stored.array(`${name}.pred`)];
  const keys = gt.shape[1] ?? 0;
  for (const averaging of AVERAGINGS) {
    for (const zeroDivision of [0, 1] as const) {
      const scores = rollScores(pred.data, gt.data, { keys, averaging, zeroDivision });
      const title = `${averaging}.zero_division${zeroDivision}`;
      expectScores(scores, wanted[title] as Scores, title);
      expect(Math.abs(scores.accuracy - (wanted['frame_accuracy_empty_counts_1'] ?? Number.NaN))).toBeLessThan(1e-12);
    }
  }
  const options = { keys, averaging: 'micro', predictionThreshold: wanted['threshold'] ?? Number.NaN } as const;
  const cut = rollScores(stored.array(`${name}.prob`).data, gt.data, options);
  expectScores(cut, wanted['micro.zero_division1'] as Scores, 'thresholded');
}

/** Rolls of silence; `note` adds one that is predicted in the first frame. Their size shows in the scores: one frame, or key, of so many is wrong. */
function checkSilence(wanted: Record<RollAveraging, Scores>, note: 0 | 1): void {
  const count = ({ precision }: Scores) => (precision < 1 ? Math.round(1 / (1 - precision)) : 1);
  const [frames, keys] = [count(wanted.samples), count(wanted.weighted)];
  const silence = new Float64Array(frames * keys);
  const predicted = silence.map((_, i) => (i === 0 ? note : 0));
  for (const averaging of AVERAGINGS) expectScores(rollScores(predicted, silence, { keys, averaging }), wanted[averaging], averaging);
}

/** Keys of the window that the released evaluation looks at, velocities above 0 counting as down. */
function checkWindow(stored: StoredTensors, wanted: Scores): void {
  const window = (name: string) => {
    const { data, shape } = stored.array(name);
    const keys = shape[1] ?? 0;
    return data.filter((_, i) => i % keys >= 15 && i % keys <= 65);
  };
  const scores = rollScores(window('velocity.pred'), window('velocity.gt'), { keys: 51, averaging: 'weighted' });
  expectScores(scores, wanted, 'window');
}

function checkMonitor(stored: StoredTensors, { precision, recall, f1 }: Scores): void {
  const roll = (name: string) => {
    const { data, shape } = stored.array(name);
    return tf.tensor(Float32Array.from(data), [1, ...shape]);
  };
  const scores = rollMonitor(tf, roll('monitor.pred75'), roll('monitor.gt75'));
  expect(maxDifference(tf.slice(scores, 0, 3), { shape: [3], data: [precision, recall, f1] })).toBeLessThan(1e-6);
}

const rollKind = metric('roll_metrics', (stored, path) => {
  const figures = figuresOf<RollFigures>(path);
  const { velocity_keys15_65_weighted: window, all_empty: empty, gt_empty_pred_one: one, monitor_75_to_25: monitor } = figures;
  return {
    ...each(casesOf(stored, 'prob'), (name) => checkRolls(stored, name, figures[name] as Record<string, Scores & number>)),
    ...(window && { 'a window of keys': () => checkWindow(stored, window) }),
    ...(empty && { 'silence against silence': () => checkSilence(empty, 0) }),
    ...(one && { 'a note against silence': () => checkSilence(one, 1) }),
    ...(monitor && { 'the training monitor': () => checkMonitor(stored, monitor) }),
  };
});

export const setMetrics: readonly Kind[] = [frechetKind, rollKind];

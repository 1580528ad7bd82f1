import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { readWav } from '../../../datasets/media/wav.ts';
import { readRatings } from '../../../datasets/sources/ratings.ts';
import { inceptionScore, klDivergences } from '../../../models/metrics/class-probabilities.ts';
import { opinionScores } from '../../../models/metrics/opinion-scores.ts';
import { clipScore } from '../../../models/metrics/scoring/cosine.ts';
import * as fronts from '../../../models/metrics/scoring/front-ends.ts';
import { cnn14, vggish, wav2clip } from '../../../models/metrics/scoring/networks.ts';
import { legacyPermutation, mersenneTwister } from '../../../numeric/mersenne-twister.ts';
import { testBackend } from '../../models/network/fixture.ts';
import { complete, type Kind } from '../kind.ts';
import { openTensors, type StoredTensors } from '../stored-tensors.ts';
import { casesOf, each, farthest, figuresOf, metric } from './metrics.ts';

const tf = await testBackend();

interface ClassFigures {
  mt19937_first_uint32: number[];
  [name: string]: unknown;
}
interface SetFigures {
  classes: number;
  split_scores: number[];
  is_mean: number;
  is_std_population: number;
  is_mean_1_split: number;
  kl_softmax_gt_to_gen: number;
}
const close = (found: number | undefined, wanted: number, relative: number) =>
  expect(Math.abs((found ?? Number.NaN) - wanted)).toBeLessThan(relative * Math.max(1, Math.abs(wanted)));
const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

const classKind = metric('is_kl', (stored, path) => {
  const figures = figuresOf<ClassFigures>(path);
  return complete(stored, {
    'words of the generator': () => {
      const draw = mersenneTwister(2020);
      expect(figures.mt19937_first_uint32.map(() => draw())).toEqual(figures.mt19937_first_uint32);
    },
    ...each(
      stored.names.filter((name) => name.startsWith('permutation_')).map((name) => [name, name]),
      (_, name) => {
        const { data } = stored.array(name);
        expect(legacyPermutation(data.length, Number(name.match(/\d+/)?.[0]))).toEqual([...data]);
      },
    ),
    ...each(casesOf(stored, 'gen_logits'), (name, generated) => {
      const wanted = figures[name] as SetFigures;
      const [made, real] = [stored.array(generated).data, stored.array(`${name}.gt_logits`).data];
      const score = inceptionScore(made, wanted.classes);
      wanted.split_scores.forEach((value, i) => {
        close(score?.splits[i], value, 1e-10);
      });
      close(score?.mean, wanted.is_mean, 1e-10);
      close(score?.deviation, wanted.is_std_population, 1e-10);
      close(inceptionScore(made, wanted.classes, 1)?.mean, wanted.is_mean_1_split, 1e-10);
      close(mean(klDivergences(made, real, wanted.classes)), wanted.kl_softmax_gt_to_gen, 1e-10);
    }),
  });
});

/** Differences of dB are looser where the sound is nearly silent. */
function checkDecibels(found: Float64Array, wanted: Float64Array): void {
  expect(found.length).toBe(wanted.length);
  const differs = (loud: boolean) =>
    found.reduce(
      (most, value, i) => ((wanted[i] ?? 0) > -60 === loud ? Math.max(most, Math.abs(value - (wanted[i] ?? Number.NaN))) : most),
      0,
    );
  expect(differs(true)).toBeLessThan(1e-3);
  expect(differs(false)).toBeLessThan(0.05);
}

function checkWav2Clip(stored: StoredTensors, name: string, found: fronts.Picture): void {
  expect(farthest(found.values, stored.array(`wav2clip.logspec.${name}`).data)).toBeLessThan(5e-3);
  const [standardised, wanted] = [fronts.standardisedPicture(found.values), stored.array(`wav2clip.standardised.${name}`).data];
  // Silence has no deviation; what the formula makes of it is rounding.
  if (found.values.every((value) => value === found.values[0])) expect(standardised).toBeUndefined();
  else expect(farthest(standardised ?? [], wanted)).toBeLessThan(1e-3);
}

const frontKind: Kind = {
  ...metric('audio_front_ends', (stored, path) =>
    complete(stored, {
      ...each(soundsOf(stored), (name, wave) => {
        const samples = stored.array(wave).data;
        expect(farthest(fronts.vggishLogMel(samples).values, stored.array(`vggish.logmel.${name}`).data)).toBeLessThan(1e-5);
        expect(farthest(fronts.vggishExamples(samples).values, stored.array(`vggish.examples.${name}`).data)).toBeLessThan(1e-5);
        checkDecibels(fronts.pannLogMel(samples).values, stored.array(`pann.logmel.${name}`).data);
        checkWav2Clip(stored, name, fronts.wav2clipLogSpectrum(samples));
        const file = join(dirname(path), 'wav', `${name}_16k.wav`);
        expect(farthest(readWav(readFileSync(file)).samples, samples)).toBe(0);
      }),
      'a batch is standardised as a whole': () => {
        const short = stored.array('wave.short_0p98').data;
        const long = stored.array('wave.mix_2s').data.subarray(0, short.length);
        const alone = fronts.standardisedPicture(fronts.wav2clipLogSpectrum(long).values);
        expect(farthest(alone ?? [], stored.array('wav2clip.single0.standardised').data)).toBeLessThan(1e-3);
        const both = [long, short].flatMap((wave) => [...fronts.wav2clipLogSpectrum(wave).values]);
        const found = fronts.standardisedPicture(Float64Array.from(both));
        expect(farthest(found ?? [], stored.array('wav2clip.batch2.standardised').data)).toBeLessThan(1e-3);
      },
      'filters of mel bands': () => {
        for (const name of ['vggish', 'pann'] as const)
          expect(farthest(fronts.filtersOf(name), stored.array(`${name}.mel_matrix`).data)).toBeLessThan(1e-7);
      },
    }),
  ),
  beside: /(?:^|\/)metrics\/(?:audio_front_ends(?:_.*)?\.json|wav\/.*)$/,
};
/** Sounds of the file, by their name behind `wave.`. */
function soundsOf({ names }: StoredTensors): [string, string][] {
  return names.filter((name) => name.startsWith('wave.')).map((name) => [name.slice('wave.'.length), name]);
}

const netsKind: Kind = {
  name: 'scoring networks',
  cases: /(?:^|\/)metrics\/tiny_scoring_nets\/expected\.safetensors$/,
  beside: /(?:^|\/)metrics\/tiny_scoring_nets\/[^/]+_tiny\.safetensors$/,
  checks: (path) => {
    const stored = openTensors(path);
    const weightsOf = (name: string) => {
      const file = openTensors(join(dirname(path), `${name}_tiny.safetensors`));
      return new Map(file.names.map((tensor) => [tensor, tf.tensor(Float32Array.from(file.array(tensor).data), file.array(tensor).shape)]));
    };
    /** Stored as torch has it, [B,1,H,W]. */
    const input = (name: string) => {
      const { data, shape } = stored.array(name);
      return tf.tensor(Float32Array.from(data), [shape[0] ?? 0, shape[2] ?? 0, shape[3] ?? 0, 1]);
    };
    const check = (found: { dataSync(): ArrayLike<number> }, name: string) =>
      expect(farthest(found.dataSync(), stored.array(name).data)).toBeLessThan(2e-5);
    return complete(stored, {
      VGGish: () => check(vggish(tf, weightsOf('vggish'), input('vggish.input')), 'vggish.embedding'),
      CNN14: () => {
        const { embedding, logits } = cnn14(tf, weightsOf('cnn14'), input('cnn14.input'));
        check(embedding, 'cnn14.embedding');
        check(logits, 'cnn14.logits');
      },
      Wav2CLIP: () => {
        const { embedding, pooled } = wav2clip(tf, weightsOf('wav2clip'), input('wav2clip.input'));
        check(pooled, 'wav2clip.pooled');
        check(embedding, 'wav2clip.embedding');
        const score = clipScore(embedding.dataSync(), stored.array('wav2clip.image_embeds').data);
        expect(Math.abs((score ?? Number.NaN) - (stored.array('wav2clip.clip_score_x100').data[0] ?? 0))).toBeLessThan(2e-3);
      },
    });
  },
};

interface OpinionFigures {
  n: number;
  mean: number;
  sd_ddof1: number;
  'ci95_half_1.96': number;
  ci95_half_t: number;
  rater_cluster: { raters: number; mean_of_rater_means: number; 'ci95_half_1.96_over_rater_means': number };
}
const opinionKind: Kind = {
  name: 'mean opinion scores',
  cases: /(?:^|\/)metrics\/mos(?:_[^/]*)?\.csv$/,
  beside: /(?:^|\/)metrics\/mos(?:_[^/]*)?\.json$/,
  checks: (path) => {
    const wanted: Record<string, OpinionFigures> = JSON.parse(readFileSync(path.replace(/csv$/, 'json'), 'utf8'));
    const { ratings, problems } = readRatings(readFileSync(path, 'utf8'), path);
    const found = new Map(opinionScores(ratings).map((score) => [`${score.system}/${score.question}`, score]));
    return {
      'which there are': () => {
        expect(problems).toEqual([]);
        expect([...found.keys()].sort()).toEqual(Object.keys(wanted).sort());
      },
      ...each(Object.entries(wanted), (name, figures) => {
        const score = found.get(name);
        expect(score?.count).toBe(figures.n);
        close(score?.mean, figures.mean, 1e-9);
        close(score?.deviation, figures.sd_ddof1, 1e-9);
        close(score?.halfWidth, figures['ci95_half_1.96'], 1e-9);
        close(score?.halfWidthByT, figures.ci95_half_t, 1e-9);
        const cluster = figures.rater_cluster;
        expect(score?.byRater.raters).toBe(cluster.raters);
        close(score?.byRater.mean, cluster.mean_of_rater_means, 1e-9);
        close(score?.byRater.halfWidth, cluster['ci95_half_1.96_over_rater_means'], 1e-9);
      }),
    };
  },
};

export const scoring: readonly Kind[] = [classKind, frontKind, netsKind, opinionKind];

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { frechetDistance } from '../../../models/metrics/frechet.ts';
import { logMelDistance } from '../../../models/metrics/log-mel.ts';
import { type RollAveraging, rollScores } from '../../../models/metrics/roll-metrics.ts';
import { siSdr, spectralSiSdr } from '../../../models/metrics/si-sdr.ts';
import type { Tf } from '../../../models/network/tensor-types.ts';
import { normal } from '../../../numeric/random.ts';
import { FIXTURES, readFixture, testBackend } from '../network/fixture.ts';

let tf: Tf;
beforeAll(async () => {
  tf = await testBackend();
});
const numbers = (name: string) => JSON.parse(readFileSync(join(FIXTURES, 'metrics', `${name}.json`), 'utf8'));

describe('Fréchet distance', () => {
  const fixture = () => readFixture(tf, 'frechet', 'metrics');
  it.each(['d1', 'd4', 'd16', 'd64', 'd128', 'n_lt_d', 'n_lt_d_2048_like'])('%s', (name) => {
    const [gen, ref] = [fixture().array(`${name}.gen`), fixture().array(`${name}.ref`)];
    const expected = numbers('frechet')[name];
    const { distance, warning } = frechetDistance(gen.data, ref.data, gen.shape[1] ?? 0);
    const singular = name.startsWith('n_lt_d');
    expect(Math.abs(distance - expected.fd_eigh)).toBeLessThan(singular ? 1e-6 * expected.trace_sum : 1e-9 * Math.max(1, expected.fd_eigh));
    expect(warning !== undefined).toBe(singular);
  });
  it('of a set to itself is zero, and it is symmetric', () => {
    const [gen, ref] = [fixture().array('d16.gen').data, fixture().array('d16.ref').data];
    const same = frechetDistance(gen, gen, 16);
    expect(Math.abs(same.distance)).toBeLessThan(1e-6 * same.traces);
    expect(frechetDistance(gen, ref, 16).distance).toBeCloseTo(frechetDistance(ref, gen, 16).distance, 8);
  });
  it('of shifted sets is the squared shift', () => {
    const gen = fixture().array('d4.gen').data;
    expect(
      frechetDistance(
        gen,
        gen.map((value) => value + 0.5),
        4,
      ).distance,
    ).toBeCloseTo(1, 9);
  });
  it('refuses sets that are too small or not finite', () => {
    expect(() => frechetDistance([1, 2], [1, 2, 3, 4], 2)).toThrow(/1 and 2/);
    expect(() => frechetDistance([1, Number.NaN, 2, 2], [1, 2, 3, 4], 2)).toThrow(/finite/);
  });
});

describe('piano-roll scores', () => {
  const expected = () => numbers('roll_metrics');
  it.each(['k88', 'k51'])('%s in all averagings', (name) => {
    const fixture = readFixture(tf, 'roll_metrics', 'metrics');
    const [gt, pred, probability] = ['gt', 'pred', 'prob'].map((part) => fixture.array(`${name}.${part}`));
    if (!gt || !pred || !probability) throw new Error('incomplete');
    const keys = gt.shape[1] ?? 0;
    const wanted = expected()[name];
    for (const averaging of ['samples', 'weighted', 'micro'] as RollAveraging[]) {
      for (const zeroDivision of [0, 1] as const) {
        const { accuracy, ...scores } = rollScores(pred.data, gt.data, { keys, averaging, zeroDivision });
        for (const [key, value] of Object.entries(scores))
          expect(Math.abs(value - wanted[`${averaging}.zero_division${zeroDivision}`][key]), `${averaging} ${key}`).toBeLessThan(1e-12);
        expect(Math.abs(accuracy - wanted.frame_accuracy_empty_counts_1)).toBeLessThan(1e-12);
      }
    }
    const cut = rollScores(probability.data, gt.data, { keys, averaging: 'micro', predictionThreshold: wanted.threshold });
    expect(cut.f1).toBeCloseTo(wanted['micro.zero_division1'].f1, 12);
  });
  it('of nothing against nothing are 1, and of a note against nothing are not', () => {
    const silence = new Float64Array(6);
    expect(rollScores(silence, silence, { keys: 3, averaging: 'samples' })).toEqual({ precision: 1, recall: 1, f1: 1, accuracy: 1 });
    expect(rollScores([1, 0, 0, 0, 0, 0], silence, { keys: 3, averaging: 'samples' }).precision).toBe(0.5);
  });
  it('refuses rolls of different length', () => {
    expect(() => rollScores([1], [1, 0], { keys: 2, averaging: 'micro' })).toThrow(/1 and 2 cells/);
  });
});

describe('SI-SDR', () => {
  it.each(['noisy', 'delayed_5', 'half_gain_reverse', 'unrelated', 'dc_offset'])('%s', (name) => {
    const fixture = readFixture(tf, 'si_sdr', 'metrics');
    const { [name]: wanted } = numbers('si_sdr').cases;
    const [prediction, target] = [fixture.array(`pred.${name}`).data, fixture.array('target').data];
    expect(Math.abs((siSdr(prediction, target) ?? Number.NaN) - wanted.torchmetrics_f64)).toBeLessThan(1e-3);
    expect(Math.abs((spectralSiSdr(prediction, target) ?? Number.NaN) - wanted.mag_stft_f64_math_eps64)).toBeLessThan(1e-3);
  });
  it.each(['same', 'scaled', 'negated'])('%s reaches the ceiling', (name) => {
    const fixture = readFixture(tf, 'si_sdr', 'metrics');
    expect(siSdr(fixture.array(`pred.${name}`).data, fixture.array('target').data)).toBe(80);
  });
  it('does not call silence 0 dB', () => {
    expect(siSdr(new Float64Array(10), draw(10))).toBeUndefined();
  });
});

const draw = (count: number) => normal({ seed: 2, purpose: 'sound' }, count);

describe('log-mel distance', () => {
  it('is zero for the same sound, ln 2 for half the loudness, and grows with noise', () => {
    const sound = draw(12_000);
    expect(logMelDistance(sound, sound)).toBe(0);
    expect(
      logMelDistance(
        sound.map((value) => value / 2),
        sound,
      ),
    ).toBeCloseTo(Math.LN2, 6);
    expect(logMelDistance(new Float32Array(12_000), sound)).toBeGreaterThan(5);
  });
});

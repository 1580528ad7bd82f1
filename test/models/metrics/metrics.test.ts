import { beforeAll, describe, expect, it } from 'vitest';
import { frechetDistance } from '../../../models/metrics/frechet.ts';
import { logMelDistance } from '../../../models/metrics/log-mel.ts';
import { rollScores } from '../../../models/metrics/roll-metrics.ts';
import { siSdr } from '../../../models/metrics/si-sdr.ts';
import type { Tf } from '../../../models/network/tensor-types.ts';
import { normal } from '../../../numeric/random.ts';
import { readFixture, testBackend } from '../network/fixture.ts';

let tf: Tf;
beforeAll(async () => {
  tf = await testBackend();
});

describe('Fréchet distance', () => {
  const fixture = () => readFixture(tf, 'frechet', 'metrics');
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

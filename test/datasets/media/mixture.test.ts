import { describe, expect, it } from 'vitest';
import { isSilent, joinCaptions, loudness, MIXTURE_WORDS, mixingShare, mixSounds } from '../../../datasets/media/mixture.ts';

const RATE = 24_000;
const tone = (hz: number, level: number, seconds = 0.5) =>
  Float32Array.from({ length: seconds * RATE }, (_, i) => level * Math.sin((2 * Math.PI * hz * i) / RATE));
/** Level of a tone within a sound, by correlation over whole periods. */
const levelOf = (samples: Float32Array, hz: number) => {
  const of = (phase: number) => samples.reduce((sum, value, i) => sum + value * Math.sin((2 * Math.PI * hz * i) / RATE + phase), 0);
  return (2 * Math.hypot(of(0), of(Math.PI / 2))) / samples.length;
};

describe('loudness', () => {
  it('falls by 6 dB with half the level, and by the A-weighting with the frequency', () => {
    const reference = loudness(tone(1000, 0.5), RATE);
    expect(loudness(tone(1000, 0.25), RATE) - reference).toBeCloseTo(-6.02, 2);
    expect(loudness(tone(100, 0.5), RATE) - reference).toBeCloseTo(-19.1, 0);
    expect(loudness(tone(10_000, 0.5), RATE) - reference).toBeCloseTo(-2.5, 1);
  });
  it('differs between a sweep and a fading tone by as much as the released rule says, with its transform of 3072 points', () => {
    const sound = (value: (seconds: number) => number) => Float32Array.from({ length: RATE }, (_, i) => value(i / RATE));
    const sweep = sound((t) => 0.4 * Math.sin(2 * Math.PI * (200 * t + 900 * t * t)));
    const fading = sound((t) => 0.3 * Math.sin(2 * Math.PI * 2500 * t) * Math.exp(-6 * t));
    const [first, second] = [loudness(sweep, RATE), loudness(fading, RATE)];
    expect(first - second).toBeCloseTo(5.588, 2);
    expect(mixingShare(first, second)).toBeCloseTo(0.3445, 3);
  });
  it('is that of the loudest stretch, not of the mean', () => {
    const once = new Float32Array(2 * RATE);
    once.set(tone(1000, 0.5, 0.3), RATE);
    expect(loudness(once, RATE)).toBeCloseTo(loudness(tone(1000, 0.5, 2), RATE), 1);
  });
  it('of silence has a floor, so that a mixture with it stays finite', () => {
    expect(loudness(new Float32Array(RATE), RATE)).toBe(-80);
    expect(mixSounds(new Float32Array(10), tone(1000, 0.5), RATE).every(Number.isFinite)).toBe(true);
    expect([isSilent(new Float32Array(RATE)), isSilent(tone(1000, 1e-3))]).toEqual([true, false]);
  });
});

describe('the mixing rule', () => {
  it.each([
    [0, 0, 0.5, 1 / 2],
    [20, 0, 0.5, 1 / 11],
    [0, 20, 0.5, 10 / 11],
    [0, 0, 0.25, 1 / 4],
    [20, 0, 0.25, 1 / 31],
  ])('of sounds of %d and %d dB for the ratio %d takes %d of the first', (first, second, ratio, share) => {
    expect(mixingShare(first, second, ratio)).toBeCloseTo(share, 12);
  });
});

describe('a mixture', () => {
  it('is the same whatever the levels of its sounds were; adding them as they are is not', () => {
    const [first, second] = [tone(1000, 0.5), tone(3000, 0.5)];
    const heard = (level: number) => {
      const mixed = mixSounds(
        first.map((value) => value * level),
        second,
        RATE,
      );
      return levelOf(mixed, 1000) / levelOf(mixed, 3000);
    };
    expect(heard(0.01)).toBeCloseTo(heard(1), 4);
    const added = first.map((value, i) => 0.01 * value + (second[i] ?? 0));
    expect(levelOf(added, 1000) / levelOf(added, 3000)).toBeLessThan(0.02 * heard(1));
  });
  it('raises a low tone beside a middle one by as much as the ear is deaf to it', () => {
    const mixed = mixSounds(tone(100, 0.5), tone(1000, 0.5), RATE);
    expect(20 * Math.log10(levelOf(mixed, 100) / levelOf(mixed, 1000))).toBeCloseTo(19.1, 0);
  });
  it('keeps the energy of one sound, and the length of the longer one', () => {
    const mixed = mixSounds(tone(1000, 0.5), tone(1000, 0.5, 1), RATE);
    expect(mixed).toHaveLength(RATE);
    const energy = (samples: Float32Array) => samples.reduce((sum, value) => sum + value * value, 0);
    const noise = (from: number) => Float32Array.from({ length: RATE }, (_, i) => Math.sin((i + from) ** 2 % 7919));
    const [a, b] = [noise(0), noise(50_000)];
    expect(energy(mixSounds(a, b, RATE)) / energy(a)).toBeCloseTo(1, 1);
  });
});

describe('its caption', () => {
  it('joins both as one sentence', () => {
    expect(joinCaptions('A dog barks. ', 'A bell rings twice')).toBe('A dog barks and a bell rings twice');
  });
  it('keeps at most twenty words of each, so that the second one is not lost', () => {
    const long = Array.from({ length: 30 }, (_, i) => `w${i}`).join(' ');
    const words = joinCaptions(long, long).split(' ');
    expect(words).toHaveLength(MIXTURE_WORDS);
    expect(words.slice(19, 22)).toEqual(['w19', 'and', 'w0']);
  });
});

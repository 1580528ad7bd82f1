import { describe, expect, it } from 'vitest';
import { drawSound, renderSound, type SoundSpec, soundKinds } from '../../../datasets/synthetic/sounds.ts';
import { amplitudeAt, brightness, level, onsets, peakFrequency, peakOf, RATE, sameSamples } from './measure.ts';

const render = (spec: SoundSpec, seed = 1, seconds = 2) => renderSound(spec, { sampleRate: RATE, seconds, seed });
const seeds = Array.from({ length: 8 }, (_, index) => index + 1);
const COUNT_WORDS: [RegExp, number][] = [
  [/\b(once|one time)\b/, 1],
  [/\b(twice|two times)\b/, 2],
  [/\b(three times|thrice)\b/, 3],
  [/\bfour times/, 4],
];
const countIn = (caption: string) => COUNT_WORDS.find(([words]) => words.test(caption))?.[1];

describe('captioned sounds', () => {
  it('are of at least ten kinds, and captions differ', () => {
    expect(soundKinds.length).toBeGreaterThanOrEqual(10);
    const captions = Array.from({ length: 400 }, (_, seed) => drawSound(seed).caption);
    expect(new Set(captions).size).toBeGreaterThan(250);
    expect(new Set(Array.from({ length: 400 }, (_, seed) => drawSound(seed).kind)).size).toBe(soundKinds.length);
    for (const caption of captions) expect(caption).toMatch(/^[a-zA-Z0-9 ,-]+$/);
  });

  it.each(soundKinds)('%s: finite, levelled, the same each time', (kind) => {
    for (const seed of seeds.slice(0, 2)) {
      const spec = drawSound(seed, kind);
      const samples = render(spec, seed);
      expect(samples.length).toBe(2 * RATE);
      expect(samples.every(Number.isFinite)).toBe(true);
      expect(peakOf(samples)).toBeCloseTo(spec.parameters.level ?? 0, 3);
      expect(peakOf(samples)).toBeLessThan(0.9);
      expect(sameSamples(render(drawSound(seed, kind), seed), samples)).toBe(true);
    }
  });

  it.each(['bell', 'knock', 'drum', 'bird', 'bark', 'drops'] as const)('%s: sounds as often as the caption says', (kind) => {
    for (const seed of seeds) {
      const spec = drawSound(seed, kind);
      const want = countIn(spec.caption);
      expect(want).toBe(spec.parameters.count);
      expect([spec.caption, onsets(render(spec, seed)).length]).toEqual([spec.caption, want]);
    }
  });

  it.each(['bell', 'drum', 'drone', 'whistle'] as const)('%s: is as high as the caption says', (kind) => {
    const found = seeds.map((seed) => {
      const spec = drawSound(seed, kind);
      const height = /\b(low|deep)\b/.test(spec.caption) ? 0 : /\b(medium|mid-range)\b/.test(spec.caption) ? 1 : 2;
      const frequency = spec.parameters.frequency ?? 0;
      const samples = render(spec, seed);
      expect(Math.abs(1200 * Math.log2(peakFrequency(samples, frequency, 80, 0, 0.6) / frequency))).toBeLessThan(60);
      return { height, frequency };
    });
    for (const low of found) for (const high of found) if (low.height < high.height) expect(low.frequency).toBeLessThan(high.frequency);
  });

  it('sweeps go where the caption says', () => {
    for (const seed of seeds) {
      const spec = drawSound(seed, 'sweep');
      const isRising = /rising|climbing|rises|goes up/.test(spec.caption);
      const { low = 0, octaves = 0, duration = 0 } = spec.parameters;
      const samples = render(spec, seed);
      const early = amplitudeAt(samples, low * 2 ** (octaves * 0.25), 0.05, 0.05 + duration / 2);
      const late = amplitudeAt(samples, low * 2 ** (octaves * 0.25), 0.05 + duration / 2, 0.05 + duration);
      expect(early > late).toBe(isRising);
    }
  });

  it('strong is louder than soft: rain, wind, piano', () => {
    for (const kind of ['rain', 'wind', 'piano-note'] as const) {
      const levels = Array.from({ length: 16 }, (_, seed) => drawSound(seed, kind)).map((spec) => ({
        isStrong: /heavy|strong|stormy|loud|forte/.test(spec.caption),
        peak: peakOf(render(spec)),
      }));
      const strong = levels.filter(({ isStrong }) => isStrong).map(({ peak }) => peak);
      const soft = levels.filter(({ isStrong }) => !isStrong).map(({ peak }) => peak);
      expect(Math.min(...strong)).toBeGreaterThan(Math.max(...soft));
    }
  });

  it('kinds differ: rain hisses, a drone hums', () => {
    expect(brightness(render(drawSound(1, 'rain')))).toBeGreaterThan(3000);
    expect(brightness(render(drawSound(1, 'drone')))).toBeLessThan(1500);
    expect(level(render(drawSound(1, 'drone')), 0.5, 1.5)).toBeGreaterThan(-20);
  });

  it('fit into short clips', () => {
    for (const kind of soundKinds) {
      const samples = render(drawSound(3, kind), 3, 0.5);
      expect(samples.length).toBe(RATE / 2);
      expect(peakOf(samples)).toBeGreaterThan(0.3);
    }
  });
});

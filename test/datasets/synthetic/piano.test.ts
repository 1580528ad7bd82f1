import { describe, expect, it } from 'vitest';
import type { Note } from '../../../datasets/midi/performance.ts';
import { composePiece, HIGHEST_USED_PITCH, LOWEST_USED_PITCH, pieceSeed } from '../../../datasets/synthetic/compose.ts';
import { perform } from '../../../datasets/synthetic/perform.ts';
import { pianistA, pianistB, pianists } from '../../../datasets/synthetic/pianists.ts';
import { damperTime, pitchFrequency, renderPiano } from '../../../datasets/synthetic/piano.ts';
import { amplitudeAt, brightness, level, peakFrequency, peakOf, RATE, sameSamples } from './measure.ts';

const play = (note: Partial<Note>, pianist = pianistA, pedal: { start: number; end: number }[] = [], seconds = 3) =>
  renderPiano([{ pitch: 60, velocity: 90, start: 0, end: 1.5, ...note }], pedal, pianist, { sampleRate: RATE, seconds, seed: 1 });
const centsBetween = (a: number, b: number) => 1200 * Math.log2(a / b);

describe('a piano note', () => {
  it.each([36, 45, 57, 60, 69, 76, 86])('%i sounds at its pitch', (pitch) => {
    for (const pianist of [pianistA, pianistB]) {
      const found = peakFrequency(play({ pitch }, pianist), pitchFrequency(pitch), 60, 0.05, 0.8);
      expect(Math.abs(centsBetween(found, pitchFrequency(pitch)))).toBeLessThan(12);
    }
  });

  it('has partials that are stretched like those of a stiff string', () => {
    const samples = play({ pitch: 48 });
    const f0 = peakFrequency(samples, pitchFrequency(48), 30, 0.05, 1.2);
    const tenth = peakFrequency(samples, 10 * f0, 100, 0.05, 1.2);
    expect(centsBetween(tenth, 10 * f0)).toBeGreaterThan(5);
    expect(centsBetween(tenth, 10 * f0)).toBeLessThan(60);
    expect(amplitudeAt(samples, 3 * f0, 0.05, 0.8)).toBeGreaterThan(0.1 * amplitudeAt(samples, f0, 0.05, 0.8));
  });

  it('is louder and brighter when struck harder', () => {
    const [soft, loud] = [play({ velocity: 35 }), play({ velocity: 110 })];
    expect(level(loud, 0, 0.5) - level(soft, 0, 0.5)).toBeGreaterThan(10);
    expect(brightness(loud)).toBeGreaterThan(1.15 * brightness(soft));
  });

  it('falls fast at first and then slowly, the treble faster than the bass', () => {
    const samples = play({ pitch: 60, end: 4 }, pianistA, [], 4);
    const rate = (sound: Float32Array, from: number, until: number) =>
      (level(sound, from, from + 0.2) - level(sound, until, until + 0.2)) / (until - from);
    expect(rate(samples, 0.05, 0.55)).toBeGreaterThan(1.5 * rate(samples, 2, 3));
    expect(rate(play({ pitch: 84, end: 4 }), 0.1, 1)).toBeGreaterThan(1.5 * rate(play({ pitch: 40, end: 4 }), 0.1, 1));
  });

  it('is damped when the key goes up, and rings on under the pedal', () => {
    const damped = play({ end: 0.8 });
    const held = play({ end: 0.8 }, pianistA, [{ start: 0.1, end: 2.5 }]);
    expect(level(damped, 0.6, 0.8) - level(damped, 1.3, 1.5)).toBeGreaterThan(40);
    expect(level(held, 0.6, 0.8) - level(held, 1.3, 1.5)).toBeLessThan(12);
    expect(level(held, 1.3, 1.5) - level(held, 2.8, 3)).toBeGreaterThan(25);
  });

  it('ends with the pedal or with the next strike of its key', () => {
    const note = { pitch: 60, velocity: 80, start: 0, end: 1 };
    const never = Number.POSITIVE_INFINITY;
    expect(damperTime(note, [], never)).toBe(1);
    expect(damperTime(note, [{ start: 0.5, end: 2 }], never)).toBe(2);
    expect(damperTime(note, [{ start: 0.5, end: 2 }], 1.4)).toBe(1.4);
    expect(damperTime(note, [{ start: 1.1, end: 2 }], never)).toBe(1);
  });

  it('begins with the knock of the hammer', () => {
    const quiet = { ...pianistA, timbre: { ...pianistA.timbre, hammerNoise: 0 } };
    const without = play({ pitch: 84 }, quiet);
    const difference = play({ pitch: 84 }).map((value, i) => value - (without[i] ?? 0));
    expect(level(difference, 0, 0.02) - level(difference, 0.2, 0.3)).toBeGreaterThan(30);
  });

  it('is the same each time, and another with another seed', () => {
    expect(sameSamples(play({}), play({}))).toBe(true);
    const other = renderPiano([{ pitch: 60, velocity: 90, start: 0, end: 1.5 }], [], pianistA, { sampleRate: RATE, seconds: 3, seed: 2 });
    expect(sameSamples(other, play({}))).toBe(false);
  });
});

const seeds = Array.from({ length: 40 }, (_, index) => pieceSeed('train', 7, index));

describe('pieces', () => {
  it('stay on the 51 keys and last some seconds', () => {
    for (const seed of seeds) {
      const piece = composePiece(seed);
      for (const note of piece.notes) {
        expect(note.pitch).toBeGreaterThanOrEqual(LOWEST_USED_PITCH);
        expect(note.pitch).toBeLessThanOrEqual(HIGHEST_USED_PITCH);
      }
      for (const pianist of [pianistA, pianistB]) {
        const { seconds } = perform(piece, pianist, 7);
        expect(seconds).toBeGreaterThan(3.5);
        expect(seconds).toBeLessThan(12.5);
      }
    }
  });

  it('of different splits are different music', () => {
    const music = (split: 'train' | 'validation' | 'test') =>
      Array.from({ length: 60 }, (_, index) => JSON.stringify(composePiece(pieceSeed(split, 7, index)).notes));
    const all = [...music('train'), ...music('validation'), ...music('test')];
    expect(new Set(all).size).toBe(all.length);
    expect(() => pieceSeed('train', 7, 10_000)).toThrowError(/outside the range/);
  });

  it('have harmony and a tune', () => {
    for (const seed of seeds) {
      const { notes, bars } = composePiece(seed);
      expect(new Set(notes.filter((note) => note.voice === 'melody').map((note) => note.pitch)).size).toBeGreaterThan(bars > 1 ? 1 : 0);
      expect(notes.filter((note) => note.voice === 'bass').length).toBe(bars);
    }
  });
});

describe('two pianists', () => {
  const performances = (id: 'a' | 'b') => seeds.map((seed) => perform(composePiece(seed), pianists[id], 7));
  const spread = (values: number[]) => Math.max(...values) - Math.min(...values);

  it('play the same notes', () => {
    const [a, b] = [performances('a'), performances('b')];
    a.forEach((performance, index) => {
      const pitches = (notes: readonly Note[]) => notes.map((note) => note.pitch).sort((x, y) => x - y);
      expect(pitches(performance.notes)).toEqual(pitches(b[index]?.notes ?? []));
    });
  });

  it('differ in dynamics, touch and pedal', () => {
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const range = (id: 'a' | 'b') => mean(performances(id).map(({ notes }) => spread(notes.map((note) => note.velocity))));
    const touch = (id: 'a' | 'b') => mean(performances(id).flatMap(({ notes }) => notes.map((note) => note.end - note.start)));
    const pedal = (id: 'a' | 'b') =>
      mean(performances(id).map(({ pedal: spans, seconds }) => spans.reduce((sum, span) => sum + span.end - span.start, 0) / seconds));
    expect(range('a')).toBeGreaterThan(3 * range('b'));
    expect(touch('a')).toBeGreaterThan(1.6 * touch('b'));
    expect(pedal('a')).toBeGreaterThan(1.8 * pedal('b'));
  });

  it('keep keys from overlapping and the pedal spans in order', () => {
    for (const { notes, pedal } of [...performances('a'), ...performances('b')]) {
      for (const note of notes) {
        expect(note.end).toBeGreaterThan(note.start);
        expect(
          notes.some((other) => other !== note && other.pitch === note.pitch && other.start >= note.start && other.start < note.end),
        ).toBe(false);
      }
      pedal.forEach((span, index) => {
        expect(span.end).toBeGreaterThan(span.start);
        expect(span.start).toBeGreaterThanOrEqual(pedal[index - 1]?.end ?? 0);
      });
    }
  });

  it('sound bright and dull, loud enough and never cut off', () => {
    const sound = (id: 'a' | 'b', seed: number) => {
      const { notes, pedal, seconds } = perform(composePiece(seed), pianists[id], 7);
      return renderPiano(notes, pedal, pianists[id], { sampleRate: RATE, seconds, seed: 7 });
    };
    for (const seed of seeds.slice(0, 3)) {
      const [a, b] = [sound('a', seed), sound('b', seed)];
      expect(brightness(a)).toBeGreaterThan(1.15 * brightness(b));
      for (const samples of [a, b]) {
        expect(peakOf(samples)).toBeLessThan(0.98);
        expect(peakOf(samples)).toBeGreaterThan(0.35);
      }
    }
  });
});

import { describe, expect, it } from 'vitest';
import { rollScores } from '../../../models/metrics/roll-metrics.ts';
import { transcribe } from '../../../models/metrics/transcribe.ts';

const RATE = 24_000;
interface Struck {
  readonly pitch: number;
  readonly start: number;
  readonly end: number;
}

/** Decaying strings with ten harmonics. */
function play(notes: readonly Struck[], seconds: number): Float64Array {
  const out = new Float64Array(seconds * RATE);
  for (const { pitch, start, end } of notes) {
    const f = 440 * 2 ** ((pitch - 69) / 12);
    for (let i = Math.round(start * RATE); i < Math.min(out.length, Math.round(end * RATE)); i++) {
      const t = i / RATE - start;
      for (let n = 1; n <= 10 && n * f < 10_000; n++)
        out[i] = (out[i] ?? 0) + 0.1 * n ** -1.3 * Math.exp(-t * (1 + 0.3 * n)) * Math.sin(2 * Math.PI * n * f * t);
    }
  }
  return out;
}
function rollOf(notes: readonly Struck[], frames: number): Uint8Array {
  const roll = new Uint8Array(frames * 88);
  for (const { pitch, start, end } of notes)
    for (let frame = Math.round(start * 75); frame < Math.min(frames, Math.round(end * 75)); frame++) roll[frame * 88 + pitch - 21] = 1;
  return roll;
}

const MELODY: Struck[] = [60, 64, 67, 72, 71, 67, 64, 62].map((pitch, i) => ({ pitch, start: 0.1 + 0.3 * i, end: 0.4 + 0.3 * i }));
const CHORDS: Struck[] = [48, 55, 52].flatMap((pitch, i) =>
  [0, 7, 16].map((step) => ({ pitch: pitch + step, start: 0.2 + 0.8 * i, end: 0.9 + 0.8 * i })),
);

describe('the transcriber without training', () => {
  it.each([
    ['a melody', MELODY, 0.85],
    ['chords', CHORDS, 0.8],
  ] as const)('hears %s', (_, notes, least) => {
    const { frames, roll } = transcribe(play(notes, 2.7));
    expect(rollScores(roll, rollOf(notes, frames), { keys: 88, averaging: 'micro' }).f1).toBeGreaterThan(least);
  });
  it('hears no melody in another one', () => {
    const { frames, roll } = transcribe(play(MELODY, 2.7));
    const shifted = MELODY.map((note) => ({ ...note, pitch: note.pitch + 1 }));
    expect(rollScores(roll, rollOf(shifted, frames), { keys: 88, averaging: 'micro' }).f1).toBeLessThan(0.3);
  });
  it('hears nothing in silence', () => {
    expect(transcribe(new Float64Array(RATE / 2)).roll.every((cell) => cell === 0)).toBe(true);
  });
});

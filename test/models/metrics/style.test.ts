import { describe, expect, it } from 'vitest';
import { composePiece } from '../../../datasets/synthetic/compose.ts';
import { perform } from '../../../datasets/synthetic/perform.ts';
import { type Pianist, pianistA, pianistB } from '../../../datasets/synthetic/pianists.ts';
import { renderPiano } from '../../../datasets/synthetic/piano.ts';
import { styleFeatures } from '../../../models/metrics/style.ts';

const play = (seed: number, pianist: Pianist): Float32Array => {
  const { notes, pedal } = perform(composePiece(seed), pianist, 1);
  return renderPiano(notes, pedal, pianist, { sampleRate: 24_000, seconds: 2, seed: 1 });
};
const distance = (a: readonly number[], b: readonly number[]) => Math.hypot(...a.map((value, i) => value - (b[i] ?? 0)));

describe('features of style', () => {
  it('do not depend on gain', () => {
    const sound = play(1, pianistA);
    expect(distance(styleFeatures(sound), styleFeatures(sound.map((value) => value / 5)))).toBeLessThan(1e-4);
  });
  it('tell pianists apart more than pieces', () => {
    const [a1, a2, b1, b2] = [play(1, pianistA), play(2, pianistA), play(1, pianistB), play(2, pianistB)].map(styleFeatures);
    if (!a1 || !a2 || !b1 || !b2) throw new Error('incomplete');
    expect(distance(a1, b1)).toBeGreaterThan(distance(a1, a2));
    expect(distance(a2, b2)).toBeGreaterThan(distance(b1, b2));
  });
});

/** Small piano pieces: a melody over chords that follow a harmonic progression. */
import { drawsOf } from './draws.ts';

export interface ScoreNote {
  readonly pitch: number;
  /** Start and length in beats. */
  readonly beat: number;
  readonly beats: number;
  readonly voice: 'melody' | 'chord' | 'bass';
}
export interface Piece {
  readonly id: string;
  readonly seed: number;
  /** For people: `C major, 96 bpm, 4/4`. */
  readonly title: string;
  readonly beatsPerMinute: number;
  readonly beatsPerBar: number;
  readonly bars: number;
  /** Sorted by beat, then pitch. */
  readonly notes: readonly ScoreNote[];
  /** Beats at which the harmony changes, the last is the end. */
  readonly harmonyBeats: readonly number[];
}
export type Split = 'train' | 'validation' | 'test';

/** Window of the keyboard that pieces use: keys 15 … 65 of 0 … 87. */
export const LOWEST_USED_PITCH = 36;
export const HIGHEST_USED_PITCH = 86;

/** Pieces that a split has seeds for. */
export const PIECES_OF_SPLIT = 10_000;

const SPLIT_OFFSET: Readonly<Record<Split, number>> = { train: 0, validation: 1_000_000_000, test: 2_000_000_000 };
/** Seed of piece `index` of a split; ranges of different splits never meet. */
export function pieceSeed(split: Split, seed: number, index: number): number {
  if (index < 0 || index >= PIECES_OF_SPLIT || seed < 0)
    throw new RangeError(`piece ${index} of seed ${seed} is outside the range of a split`);
  return SPLIT_OFFSET[split] + (seed % 100_000) * PIECES_OF_SPLIT + index;
}

const NAMES = ['C', 'D♭', 'D', 'E♭', 'E', 'F', 'G♭', 'G', 'A♭', 'A', 'B♭', 'B'];
const MAJOR = [0, 2, 4, 5, 7, 9, 11];
const MINOR = [0, 2, 3, 5, 7, 8, 10];
/** Scale degrees of the roots, from 0. */
const PROGRESSIONS: Readonly<Record<'major' | 'minor', readonly (readonly number[])[]>> = {
  major: [
    [0, 4, 5, 3],
    [0, 5, 3, 4],
    [0, 3, 4, 0],
    [5, 3, 0, 4],
    [0, 2, 3, 4],
    [0, 1, 4, 0],
  ],
  minor: [
    [0, 5, 2, 6],
    [0, 3, 4, 0],
    [0, 6, 5, 4],
    [0, 5, 3, 4],
    [0, 2, 5, 4],
  ],
};
const RHYTHMS: readonly (readonly number[])[] = [
  [1, 1, 1, 1],
  [2, 1, 1],
  [1, 1, 2],
  [1.5, 0.5, 1, 1],
  [0.5, 0.5, 1, 0.5, 0.5, 1],
  [1, 0.5, 0.5, 2],
  [3, 1],
];
const WALTZ_RHYTHMS: readonly (readonly number[])[] = [
  [1, 1, 1],
  [2, 1],
  [1.5, 0.5, 1],
  [0.5, 0.5, 1, 1],
];

/** Moves a pitch by octaves into [least, most]. */
function fold(pitch: number, least: number, most: number): number {
  let folded = pitch;
  while (folded < least) folded += 12;
  while (folded > most) folded -= 12;
  return folded;
}

/**
 * Composes the piece of a seed.
 * @param seconds how long it may last at its own tempo (a performance adds its decay and ritardando).
 */
export function composePiece(seed: number, [least, most]: readonly [number, number] = [4, 9]): Piece {
  const draws = drawsOf({ seed, purpose: 'compose' });
  const tonic = draws.integer(0, 11);
  const mode = draws.chance(0.6) ? 'major' : 'minor';
  const scale = mode === 'major' ? MAJOR : MINOR;
  const beatsPerBar = draws.chance(0.7) ? 4 : 3;
  const beatsPerMinute = draws.integer(76, 132);
  const barSeconds = (beatsPerBar * 60) / beatsPerMinute;
  const bars = Math.max(1, Math.min(8, Math.floor(most / barSeconds), Math.max(draws.integer(2, 4), Math.ceil(least / barSeconds))));
  const progression = draws.pick(PROGRESSIONS[mode]);
  const pattern = draws.pick(['block', 'broken', 'alberti'] as const);
  /** Pitch of a scale degree counted from the tonic near middle C. */
  const degree = (step: number) => 48 + tonic + 12 * Math.floor(step / 7) + (scale[((step % 7) + 7) % 7] ?? 0);

  const notes: ScoreNote[] = [];
  let melodyStep = 7 + draws.integer(0, 6);
  for (let bar = 0; bar < bars; bar++) {
    const isLast = bar === bars - 1;
    const root = isLast && bars > 1 ? 0 : (progression[bar % progression.length] ?? 0);
    const chord = [root, root + 2, root + 4].map((step) => fold(degree(step), 50, 66)).sort((x, y) => x - y);
    const beat = bar * beatsPerBar;
    const bass = fold(degree(root) - 12, LOWEST_USED_PITCH, 49);
    notes.push({ pitch: bass, beat, beats: beatsPerBar, voice: 'bass' });
    if (pattern === 'block' || isLast) {
      for (const pitch of chord) notes.push({ pitch, beat, beats: isLast ? beatsPerBar : beatsPerBar - 1, voice: 'chord' });
    } else if (pattern === 'broken') {
      for (let i = 1; i < beatsPerBar; i++) for (const pitch of chord) notes.push({ pitch, beat: beat + i, beats: 1, voice: 'chord' });
    } else {
      const turn = [0, 2, 1, 2];
      for (let i = 0; i < 2 * beatsPerBar; i++)
        notes.push({ pitch: chord[turn[i % 4] ?? 0] ?? bass, beat: beat + i / 2, beats: 0.5, voice: 'chord' });
    }
    const rhythm = isLast ? [beatsPerBar] : draws.pick(beatsPerBar === 4 ? RHYTHMS : WALTZ_RHYTHMS);
    let at = 0;
    for (const beats of rhythm) {
      const strong = at % 2 === 0;
      melodyStep = Math.max(5, Math.min(15, melodyStep + draws.pick([-2, -1, -1, 0, 1, 1, 2, 3])));
      // Strong beats take the nearest tone of the chord, the last note the tonic.
      const direction = melodyStep > 10 ? -1 : 1;
      if (strong) while (![0, 2, 4].includes((((melodyStep - root) % 7) + 7) % 7)) melodyStep += direction;
      const step = isLast ? 7 * Math.round(melodyStep / 7) : melodyStep;
      notes.push({ pitch: fold(degree(step), 67, HIGHEST_USED_PITCH), beat: beat + at, beats, voice: 'melody' });
      at += beats;
    }
  }
  notes.sort((x, y) => x.beat - y.beat || x.pitch - y.pitch);
  return {
    id: `piece-${seed}`,
    seed,
    title: `${NAMES[tonic]} ${mode}, ${beatsPerMinute} bpm, ${beatsPerBar}/4`,
    beatsPerMinute,
    beatsPerBar,
    bars,
    notes,
    harmonyBeats: Array.from({ length: bars + 1 }, (_, bar) => bar * beatsPerBar),
  };
}

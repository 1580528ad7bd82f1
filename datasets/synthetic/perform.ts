/** From a score to keys and pedal: what makes two pianists differ on the same piece. */
import type { Note, Performance, Span } from '../midi/performance.ts';
import type { Piece, ScoreNote } from './compose.ts';
import { drawsOf } from './draws.ts';
import type { Pianist } from './pianists.ts';

/** Times lie on this grid, so that the written MIDI file says exactly what sounds. */
export const TICKS_PER_SECOND = 1920;
/** Decay after the last release. */
const TAIL_SECONDS = 0.8;

const toGrid = (seconds: number) => Math.round(Math.max(0, seconds) * TICKS_PER_SECOND) / TICKS_PER_SECOND;

/** Seconds at which a beat falls: the tempo sways within each phrase of two bars and slows down in the last bar. */
function beatClock(piece: Piece, pianist: Pianist): (beat: number) => number {
  const beats = piece.bars * piece.beatsPerBar;
  const phrase = 2 * piece.beatsPerBar;
  const step = 1 / 16;
  const times = [0];
  for (let i = 0; i < Math.ceil(beats / step); i++) {
    const beat = i * step;
    const sway = 1 - pianist.style.rubato * Math.sin((2 * Math.PI * (beat - phrase / 8)) / phrase);
    const last = Math.max(0, (beat - (beats - piece.beatsPerBar)) / piece.beatsPerBar);
    times.push((times[i] ?? 0) + (step * 60 * (1 + pianist.style.ritardando * last)) / (piece.beatsPerMinute * sway));
  }
  return (beat) => {
    const at = Math.min(beat / step, times.length - 1);
    const low = Math.floor(at);
    const left = times[low] ?? 0;
    return left + (at - low) * ((times[low + 1] ?? left) - left);
  };
}

/** 0 at the borders of a four-bar phrase, 1 at its middle. */
function phraseArc(piece: Piece, beat: number): number {
  const length = Math.min(4, piece.bars) * piece.beatsPerBar;
  return Math.sin((Math.PI * ((beat % length) + 0.5)) / (length + 1));
}

function velocityOf(piece: Piece, note: ScoreNote, pianist: Pianist, chance: number): number {
  const { style } = pianist;
  const accent = note.beat % piece.beatsPerBar === 0 ? 1 : note.beat % 1 === 0 ? 0 : -1;
  const voice = note.voice === 'melody' ? 1 : note.voice === 'bass' ? 0.2 : -0.5;
  const velocity =
    style.velocity +
    style.phraseVelocity * (phraseArc(piece, note.beat) - 0.5) * 2 +
    style.accentVelocity * accent +
    style.melodyVelocity * voice +
    style.randomVelocity * chance;
  return Math.max(8, Math.min(124, Math.round(velocity)));
}

/** Pedal down just after each change of harmony, up at the next one; or only under the last chord. */
function pedalOf(piece: Piece, pianist: Pianist, clock: (beat: number) => number): Span[] {
  const spans = piece.harmonyBeats.slice(0, -1).map((beat, index) => ({ from: beat, until: piece.harmonyBeats[index + 1] ?? beat }));
  const used = pianist.style.pedal === 'legato' ? spans : spans.slice(-1);
  return used.map(({ from, until }) => ({
    start: toGrid(clock(from) + 0.09),
    end: toGrid(clock(until) + (until === piece.harmonyBeats.at(-1) ? 0.15 : 0.02)),
  }));
}

/** Notes of one key may not overlap: the earlier one ends just before the later one starts. */
function withoutOverlap(notes: Note[]): Note[] {
  const result: Note[] = [];
  for (const note of notes.sort((x, y) => x.start - y.start || x.pitch - y.pitch)) {
    const before = result.findLastIndex((other) => other.pitch === note.pitch);
    const other = result[before];
    if (other && other.start >= note.start) continue;
    if (other && other.end > note.start - 0.02) {
      result[before] = { ...other, end: Math.max(toGrid(note.start - 0.02), other.start + 1 / TICKS_PER_SECOND) };
    }
    result.push(note);
  }
  return result;
}

/** Plays a piece in a pianist's style. The same arguments give the same performance. */
export function perform(piece: Piece, pianist: Pianist, seed: number): Performance {
  const { style } = pianist;
  const draws = drawsOf({ seed, purpose: `perform-${pianist.id}`, step: piece.seed >>> 0 });
  const clock = beatClock(piece, pianist);
  const lead = style.melodyLead;
  let chordBeat = -1;
  let place = 0;
  const notes = piece.notes.map((note): Note => {
    place = note.beat === chordBeat ? place + 1 : 0;
    chordBeat = note.beat;
    const shift =
      lead + (note.voice === 'melody' ? -lead : style.arpeggio * place) + style.jitter * Math.max(-2, Math.min(2, draws.normal()));
    const start = toGrid(clock(note.beat) + shift + 2 * style.jitter);
    const written = clock(note.beat + note.beats) - clock(note.beat);
    const held = Math.max(0.06, written * style.articulation * (note.voice === 'melody' ? 1 : 0.95));
    return { pitch: note.pitch, velocity: velocityOf(piece, note, pianist, draws.normal()), start, end: toGrid(start + held) };
  });
  const pedal = pedalOf(piece, pianist, clock);
  const played = withoutOverlap(notes);
  const end = Math.max(...played.map((note) => note.end), ...pedal.map((span) => span.end));
  return { notes: played, pedal, seconds: Math.ceil((end + TAIL_SECONDS) * 25) / 25 };
}

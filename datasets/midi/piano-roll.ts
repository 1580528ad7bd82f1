/** Piano rolls on the grid of the audio latents: 75 frames a second, one column a key. */
import { KEYS, LOWEST_PITCH, type Span } from './performance.ts';
import { type MidiScore, pedalSpans } from './read-midi.ts';

export const ROLL_FRAMES_PER_SECOND = 75;

export interface PianoRoll {
  readonly frames: number;
  /** [frames, 88], 0 where a key is silent, else its velocity. */
  readonly velocity: Uint8Array;
  /** [frames, 88], 1 in the frame in which a key is struck. */
  readonly onset: Uint8Array;
  /** [frames], 1 while the sustain pedal is down. */
  readonly pedal: Uint8Array;
}
export interface RollOptions {
  /** Whether the pedal extends notes. Default true. */
  readonly sustain?: boolean;
  /** Default ceil(end · 75) + 1. */
  readonly frames?: number;
}

/** Events lie exactly on frame borders, so a rounding error must not move them. */
const frameOf = (seconds: number) => Math.floor(seconds * ROLL_FRAMES_PER_SECOND + 1e-9);

/** A release inside a pedal span lasts to the end of the span, or to the next strike of the same key. */
function soundingEnd(release: number, spans: readonly Span[], nextStrike: number): number {
  const span = spans.find(({ start, end }) => start <= release && release < end);
  return span ? Math.max(release, Math.min(span.end, nextStrike)) : release;
}

/**
 * Draws a roll: a note is on from floor(75 start) to max(that + 1, floor(75 end)); where notes of a key overlap, the
 * latest onset wins.
 */
export function pianoRoll(score: MidiScore, options: RollOptions = {}): PianoRoll {
  const frames = options.frames ?? Math.ceil(score.end * ROLL_FRAMES_PER_SECOND - 1e-9) + 1;
  const velocity = new Uint8Array(frames * KEYS);
  const onset = new Uint8Array(frames * KEYS);
  const pedal = new Uint8Array(frames);
  const spans = new Map<number, Span[]>();
  for (const { channel } of [...score.notes, ...score.pedalEvents]) {
    if (!spans.has(channel)) spans.set(channel, pedalSpans(score, channel));
  }
  for (const { start, end } of [...spans.values()].flat()) {
    // No allowance here: a pedal that goes down a rounding error before a border counts for the frame before.
    const from = Math.floor(start * ROLL_FRAMES_PER_SECOND);
    pedal.fill(1, from, Math.max(from + 1, Math.floor(end * ROLL_FRAMES_PER_SECOND)));
  }
  score.notes.forEach((note, index) => {
    const key = note.pitch - LOWEST_PITCH;
    if (key < 0 || key >= KEYS) return;
    const next = score.notes
      .slice(index + 1)
      .find((other) => other.pitch === note.pitch && other.channel === note.channel && other.start >= note.end);
    const end =
      options.sustain === false ? note.end : soundingEnd(note.end, spans.get(note.channel) ?? [], next?.start ?? Number.POSITIVE_INFINITY);
    const from = frameOf(note.start);
    const until = Math.min(frames, Math.max(from + 1, frameOf(end)));
    for (let frame = from; frame < until; frame++) velocity[frame * KEYS + key] = note.velocity;
    if (from < frames) onset[from * KEYS + key] = 1;
  });
  return { frames, velocity, onset, pedal };
}

/** Columns `first` … `last` of a roll [frames, 88], for models that know a part of the keyboard. */
export function keyWindow(roll: Uint8Array, first: number, last: number): Uint8Array {
  const width = last - first + 1;
  const frames = roll.length / KEYS;
  const out = new Uint8Array(frames * width);
  for (let frame = 0; frame < frames; frame++) out.set(roll.subarray(frame * KEYS + first, frame * KEYS + last + 1), frame * width);
  return out;
}

/** A struck key; times in seconds. */
export interface Note {
  /** MIDI number, 60 is C4; key index of an 88-key piano is `pitch - 21`. */
  readonly pitch: number;
  /** 1 … 127 */
  readonly velocity: number;
  readonly start: number;
  /** When the key goes up; the sound may last longer under the pedal. */
  readonly end: number;
}
/** Half-open stretch of time in seconds. */
export interface Span {
  readonly start: number;
  readonly end: number;
}
/** What a pianist did: keys and sustain pedal. */
export interface Performance {
  readonly notes: readonly Note[];
  /** When the sustain pedal was down; sorted, not overlapping. */
  readonly pedal: readonly Span[];
  /** Length with the last sound's decay. */
  readonly seconds: number;
}

/** Lowest MIDI number of a piano. */
export const LOWEST_PITCH = 21;
export const KEYS = 88;

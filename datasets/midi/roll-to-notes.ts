import { LOWEST_PITCH, type Note, type Performance } from './performance.ts';

export interface RollToNotesOptions {
  /** Columns of the roll. */
  readonly keys: number;
  /** Key of the first column, counted from 0 on the 88-key piano. */
  readonly firstKey: number;
  /** Default 25. */
  readonly framesPerSecond?: number;
  /** Of all notes; default 100. */
  readonly velocity?: number;
}

/**
 * Notes of a roll [frames,keys], sounding where above 0, as Audeo hands them to a synthesiser: struck where a key begins to sound, released
 * where it ends; what still sounds then ends with the roll.
 */
export function rollToNotes(roll: ArrayLike<number>, options: RollToNotesOptions): Performance {
  const { keys, firstKey, framesPerSecond = 25, velocity = 100 } = options;
  const frames = Math.floor(roll.length / keys);
  const sounds = (frame: number, key: number) => frame >= 0 && frame < frames && (roll[frame * keys + key] ?? 0) > 0;
  const notes: Note[] = [];
  for (let frame = 0; frame < frames; frame++) {
    for (let key = 0; key < keys; key++) {
      if (!sounds(frame, key) || sounds(frame - 1, key)) continue;
      let end = frame + 1;
      while (sounds(end, key)) end++;
      notes.push({ pitch: LOWEST_PITCH + firstKey + key, velocity, start: frame / framesPerSecond, end: end / framesPerSecond });
    }
  }
  return { notes, pedal: [], seconds: frames / framesPerSecond };
}

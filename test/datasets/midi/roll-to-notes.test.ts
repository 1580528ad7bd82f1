import { describe, expect, it } from 'vitest';
import { pianoRoll } from '../../../datasets/midi/piano-roll.ts';
import { rollToNotes } from '../../../datasets/midi/roll-to-notes.ts';
import { pianistA } from '../../../datasets/synthetic/pianists.ts';
import { renderPiano } from '../../../datasets/synthetic/piano.ts';

/** Frames as rows, `x` where a key sounds. */
const roll = (...rows: string[]) => Float32Array.from(rows.join(''), (cell) => Number(cell === 'x'));
const options = { keys: 3, firstKey: 15 };

describe('notes of a binary roll', () => {
  it('begin and end where the roll changes, at 0.04 s a frame, all as loud', () => {
    const { notes, pedal, seconds } = rollToNotes(roll('x..', 'x.x', '..x', '...', 'x..', '...'), options);
    expect(notes).toEqual([
      { pitch: 36, velocity: 100, start: 0, end: 0.08 },
      { pitch: 38, velocity: 100, start: 0.04, end: 0.12 },
      { pitch: 36, velocity: 100, start: 0.16, end: 0.2 },
    ]);
    expect(pedal).toEqual([]);
    expect(seconds).toBeCloseTo(0.24);
  });
  it('end with the roll if they still sound', () => {
    expect(rollToNotes(roll('...', '.x.', '.x.'), options).notes).toEqual([{ pitch: 37, velocity: 100, start: 0.04, end: 0.12 }]);
  });
  it('are none of an empty or silent roll', () => {
    expect(rollToNotes([], options)).toEqual({ notes: [], pedal: [], seconds: 0 });
    expect(rollToNotes(roll('...', '...'), options).notes).toEqual([]);
  });
  it('drawn again give the same roll', () => {
    const drawn = Uint8Array.from({ length: 40 * 88 }, (_, i) => Number((5 * Math.floor(i / 88) + 3 * (i % 88)) % 13 < 6));
    const performance = rollToNotes(drawn, { keys: 88, firstKey: 0, framesPerSecond: 75 });
    const draw = (longer: number) => {
      const notes = performance.notes.map((note) => ({ ...note, end: note.end + longer, channel: 0 }));
      return pianoRoll({ ticksPerBeat: 960, tempos: [], notes, pedalEvents: [], end: performance.seconds }, { frames: 40 }).velocity;
    };
    expect(draw(0)).toEqual(drawn.map((down) => down * 100));
    expect(draw(1 / 75)).not.toEqual(draw(0));
  });
  it('can be rendered', () => {
    const { notes, pedal, seconds } = rollToNotes(roll('x..', 'x..', 'x..', 'x..'), options);
    const sound = renderPiano(notes, pedal, pianistA, { sampleRate: 24_000, seconds, seed: 1 });
    expect(sound).toHaveLength(seconds * 24_000);
    expect(Math.max(...sound)).toBeGreaterThan(0.01);
  });
});

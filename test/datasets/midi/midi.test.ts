import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Note } from '../../../datasets/midi/performance.ts';
import { keyWindow, pianoRoll } from '../../../datasets/midi/piano-roll.ts';
import { pedalSpans, readMidi } from '../../../datasets/midi/read-midi.ts';
import { performanceToMidi } from '../../../datasets/midi/write-midi.ts';
import { composePiece, pieceSeed } from '../../../datasets/synthetic/compose.ts';
import { perform } from '../../../datasets/synthetic/perform.ts';
import { pianistA, pianistB } from '../../../datasets/synthetic/pianists.ts';
import { fixture } from '../fixtures.ts';

const byStart = (a: Note, b: Note) => a.start - b.start || a.pitch - b.pitch || a.velocity - b.velocity;

describe('what is not a whole MIDI file', () => {
  it.each([
    ['truncated.mid', /chunk "MTrk" of 103 bytes, 38 are left/],
    ['not_midi.mid', /no MThd header/],
  ])('%s is refused', (name, message) => {
    expect(() => readMidi(readFileSync(fixture(`midi/${name}`)), name)).toThrowError(message);
  });
  it('an empty file is refused', () => {
    expect(() => readMidi(new Uint8Array(0))).toThrowError(/an empty file/);
  });
  it('every cut of a good file is refused', () => {
    const bytes = readFileSync(fixture('midi/pedal_tempo.mid'));
    for (let length = 0; length < bytes.length; length++)
      expect(() => readMidi(bytes.subarray(0, length))).toThrowError(/MIDI file cannot be read/);
  });
});

describe('written performances', () => {
  const piece = composePiece(pieceSeed('train', 3, 0));
  it.each([pianistA, pianistB])('are read back to the tick: pianist $id', (pianist) => {
    const performance = perform(piece, pianist, 3);
    const score = readMidi(performanceToMidi(performance));
    const notes = [...score.notes].sort(byStart);
    expect(notes.length).toBe(performance.notes.length);
    [...performance.notes].sort(byStart).forEach((note, index) => {
      expect(notes[index]).toMatchObject({ pitch: note.pitch, velocity: note.velocity });
      expect(Math.abs((notes[index]?.start ?? 0) - note.start)).toBeLessThan(1e-9);
      expect(Math.abs((notes[index]?.end ?? 0) - note.end)).toBeLessThan(1e-9);
    });
    const spans = pedalSpans(score, 0);
    expect(spans.length).toBe(performance.pedal.length);
    expect(spans.map((span) => span.start)).toEqual(performance.pedal.map((span) => expect.closeTo(span.start, 9)));
  });
  it('stay in the window of 51 keys', () => {
    const roll = pianoRoll(readMidi(performanceToMidi(perform(piece, pianistA, 3))));
    const inside = keyWindow(roll.velocity, 15, 65).filter((value) => value > 0).length;
    expect(inside).toBe(roll.velocity.filter((value) => value > 0).length);
    expect(inside).toBeGreaterThan(0);
  });
});

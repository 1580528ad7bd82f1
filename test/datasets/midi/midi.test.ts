import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Note } from '../../../datasets/midi/performance.ts';
import { keyWindow, pianoRoll } from '../../../datasets/midi/piano-roll.ts';
import { pedalSpans, readMidi } from '../../../datasets/midi/read-midi.ts';
import { performanceToMidi } from '../../../datasets/midi/write-midi.ts';
import { composePiece, pieceSeed } from '../../../datasets/synthetic/compose.ts';
import { perform } from '../../../datasets/synthetic/perform.ts';
import { pianistA, pianistB } from '../../../datasets/synthetic/pianists.ts';
import { fixture, readJson, readTensors } from '../fixtures.ts';

interface Expected {
  end_time: number;
  ticks_per_beat: number;
  tempo_changes: [number[], number[]];
  notes: Note[][];
  cc64: { value: number; time: number }[][];
}
const files = readJson<Record<string, Expected>>('midi/expected.json');
const tensors = readTensors('midi/expected.safetensors');
const load = (name: string) => readMidi(readFileSync(fixture(`midi/${name}.mid`)), `${name}.mid`);
const byStart = (a: Note, b: Note) => a.start - b.start || a.pitch - b.pitch || a.velocity - b.velocity;

describe.each(Object.entries(files))('%s', (name, want) => {
  const score = load(name);

  it('has the notes of the reference reader, times to 1e-9 s', () => {
    const notes = [...score.notes].sort(byStart);
    const reference = want.notes.flat().sort(byStart);
    expect(notes.map(({ pitch, velocity }) => [pitch, velocity])).toEqual(reference.map(({ pitch, velocity }) => [pitch, velocity]));
    notes.forEach((note, index) => {
      expect(Math.abs(note.start - (reference[index]?.start ?? Number.NaN))).toBeLessThan(1e-9);
      expect(Math.abs(note.end - (reference[index]?.end ?? Number.NaN))).toBeLessThan(1e-9);
    });
    expect(Math.abs(score.end - want.end_time)).toBeLessThan(1e-9);
  });

  it('has its tempo map and pedal events', () => {
    expect(score.ticksPerBeat).toBe(want.ticks_per_beat);
    const [times, tempos] = want.tempo_changes;
    expect(score.tempos.length).toBe(times.length);
    score.tempos.forEach(([time, tempo], index) => {
      expect(Math.abs(time - (times[index] ?? Number.NaN))).toBeLessThan(1e-9);
      expect(Math.abs(tempo - (tempos[index] ?? Number.NaN))).toBeLessThan(1e-9);
    });
    const reference = want.cc64.flat().sort((a, b) => a.time - b.time);
    expect(score.pedalEvents.map((event) => event.value)).toEqual(reference.map((event) => event.value));
    score.pedalEvents.forEach((event, index) => {
      expect(Math.abs(event.time - (reference[index]?.time ?? Number.NaN))).toBeLessThan(1e-9);
    });
  });

  it('draws the rolls of the project rule exactly', () => {
    const plain = pianoRoll(score, { sustain: false });
    const sustained = pianoRoll(score);
    const compare = (drawn: Uint8Array, tensor: string) => {
      const reference = tensors.get(`${name}.neutral.${tensor}`);
      expect(drawn.length, tensor).toBe(reference?.data.length);
      expect(Array.from(drawn), tensor).toEqual(Array.from(reference?.data ?? []));
    };
    compare(plain.velocity, 'no_pedal.velocity');
    compare(sustained.velocity, 'pedal64.velocity');
    compare(plain.onset, 'onset');
    compare(sustained.pedal, 'pedal_row');
  });

  it('has the on and off cells of the reference roll on the common part', () => {
    for (const [sustain, tensor] of [
      [false, 'no_pedal'],
      [true, 'pedal64'],
    ] as const) {
      const reference = tensors.get(`${name}.pretty_midi.${tensor}`)?.data ?? [];
      const { velocity } = pianoRoll(score, { sustain });
      for (let cell = 0; cell < reference.length; cell++) expect((velocity[cell] ?? 0) > 0).toBe((reference[cell] ?? 0) > 0);
    }
  });
});

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

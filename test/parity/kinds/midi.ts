import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import type { Note } from '../../../datasets/midi/performance.ts';
import { pianoRoll } from '../../../datasets/midi/piano-roll.ts';
import { type MidiScore, readMidi } from '../../../datasets/midi/read-midi.ts';
import type { Checks, Kind } from '../kind.ts';
import { openTensors, type StoredTensors } from '../stored-tensors.ts';

interface Expected {
  end_time: number;
  ticks_per_beat: number;
  tempo_changes: [number[], number[]];
  notes: Note[][];
  cc64: { value: number; time: number }[][];
}
const byStart = (a: Note, b: Note) => a.start - b.start || a.pitch - b.pitch || a.velocity - b.velocity;
const expectTimes = (found: readonly number[], wanted: readonly number[]) => {
  expect(found.length).toBe(wanted.length);
  for (const [i, time] of found.entries()) expect(Math.abs(time - (wanted[i] ?? Number.NaN))).toBeLessThan(1e-9);
};

function checkNotes(score: MidiScore, wanted: Expected): void {
  const [notes, reference] = [[...score.notes].sort(byStart), wanted.notes.flat().sort(byStart)];
  expect(notes.map(({ pitch, velocity }) => [pitch, velocity])).toEqual(reference.map(({ pitch, velocity }) => [pitch, velocity]));
  for (const side of ['start', 'end'] as const)
    expectTimes(
      notes.map((note) => note[side]),
      reference.map((note) => note[side]),
    );
  expectTimes([score.end], [wanted.end_time]);
}

function checkEvents(score: MidiScore, wanted: Expected): void {
  expect(score.ticksPerBeat).toBe(wanted.ticks_per_beat);
  const [times, tempos] = wanted.tempo_changes;
  for (const [column, reference] of [times, tempos].entries())
    expectTimes(
      score.tempos.map((change) => change[column as 0 | 1]),
      reference,
    );
  const reference = wanted.cc64.flat().sort((a, b) => a.time - b.time);
  expect(score.pedalEvents.map(({ value }) => value)).toEqual(reference.map(({ value }) => value));
  expectTimes(
    score.pedalEvents.map(({ time }) => time),
    reference.map(({ time }) => time),
  );
}

function checkRolls(score: MidiScore, name: string, stored: StoredTensors): void {
  const [plain, sustained] = [pianoRoll(score, { sustain: false }), pianoRoll(score)];
  const rolls = {
    'no_pedal.velocity': plain.velocity,
    'pedal64.velocity': sustained.velocity,
    onset: plain.onset,
    pedal_row: sustained.pedal,
  };
  for (const [tensor, drawn] of Object.entries(rolls))
    expect([...drawn], tensor).toEqual([...stored.array(`${name}.neutral.${tensor}`).data]);
  // The other reader's rolls are shorter and add velocities: which cells sound is the same on the common part.
  for (const [tensor, { velocity }] of [['no_pedal', plain] as const, ['pedal64', sustained] as const])
    stored.array(`${name}.pretty_midi.${tensor}`).data.forEach((value, cell) => {
      if (value > 0 !== (velocity[cell] ?? 0) > 0) expect.fail(`${tensor}: cell ${cell}`);
    });
}

export const midi: Kind = {
  name: 'midi',
  cases: /(?:^|\/)midi\/expected\.json$/,
  beside: /(?:^|\/)midi\/(?:expected\.safetensors|[^/]+\.mid)$/,
  checks: (path): Checks => {
    const files: Record<string, Expected> = JSON.parse(readFileSync(path, 'utf8'));
    const stored = openTensors(path.replace(/json$/, 'safetensors'));
    const file = (name: string) => join(dirname(path), `${name}.mid`);
    const load = (name: string) => readMidi(readFileSync(file(name)), name);
    const known = Object.entries(files).flatMap(([name, wanted]) => [
      [`${name}: notes`, () => checkNotes(load(name), wanted)] as const,
      [`${name}: tempo and pedal`, () => checkEvents(load(name), wanted)] as const,
      [`${name}: rolls`, () => checkRolls(load(name), name, stored)] as const,
    ]);
    const others = readdirSync(dirname(path)).filter((name) => name.endsWith('.mid') && !(name.slice(0, -4) in files));
    const refused = others.map((name) => [
      `${name} is refused`,
      () => expect(() => readMidi(readFileSync(join(dirname(path), name)), name)).toThrowError(/MIDI file cannot be read/),
    ]);
    return {
      ...Object.fromEntries(known),
      ...Object.fromEntries(refused),
      'nothing in it is left out': () => expect(stored.unread()).toEqual([]),
    };
  },
};

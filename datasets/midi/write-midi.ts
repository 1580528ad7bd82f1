import { type MidiEvent, writeMidi } from 'midi-file';
import type { Performance } from './performance.ts';

/** 960 ticks a beat at 120 beats a minute: 1920 ticks a second. */
const TICKS_PER_BEAT = 960;
const MICROSECONDS_PER_BEAT = 500_000;
const toTick = (seconds: number) => Math.round((seconds * TICKS_PER_BEAT * 1e6) / MICROSECONDS_PER_BEAT);

/** At one tick: releases, then pedal, then strikes, so that a repeated key isn't cut off. */
const ORDER = { noteOff: 0, controller: 1, noteOn: 2 };
type Played = { tick: number; type: keyof typeof ORDER; number: number; value: number };

/** Writes a performance as a type-0 file with velocities and the sustain pedal; times are rounded to 1/1920 s. */
export function performanceToMidi(performance: Performance): Uint8Array {
  const played: Played[] = [
    ...performance.notes.flatMap(({ pitch, velocity, start, end }): Played[] => [
      { tick: toTick(start), type: 'noteOn', number: pitch, value: velocity },
      { tick: Math.max(toTick(start) + 1, toTick(end)), type: 'noteOff', number: pitch, value: 64 },
    ]),
    ...performance.pedal.flatMap(({ start, end }): Played[] => [
      { tick: toTick(start), type: 'controller', number: 64, value: 127 },
      { tick: toTick(end), type: 'controller', number: 64, value: 0 },
    ]),
  ].sort((a, b) => a.tick - b.tick || ORDER[a.type] - ORDER[b.type] || a.number - b.number);
  const track: MidiEvent[] = [
    { deltaTime: 0, meta: true, type: 'setTempo', microsecondsPerBeat: MICROSECONDS_PER_BEAT },
    { deltaTime: 0, channel: 0, type: 'programChange', programNumber: 0 },
  ];
  let before = 0;
  for (const { tick, type, number, value } of played) {
    const deltaTime = tick - before;
    before = tick;
    if (type === 'controller') track.push({ deltaTime, channel: 0, type, controllerType: number, value });
    else track.push({ deltaTime, channel: 0, type, noteNumber: number, velocity: value });
  }
  track.push({ deltaTime: Math.max(0, toTick(performance.seconds) - before), meta: true, type: 'endOfTrack' });
  return Uint8Array.from(writeMidi({ header: { format: 0, numTracks: 1, ticksPerBeat: TICKS_PER_BEAT }, tracks: [track] }));
}

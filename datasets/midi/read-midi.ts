/** Standard MIDI files to seconds: notes, sustain pedal (controller 64), tempo map. */
import { type MidiEvent, parseMidi } from 'midi-file';
import { SostenutoError } from '../../errors/problem.ts';
import type { Note, Span } from './performance.ts';

export interface ChannelNote extends Note {
  readonly channel: number;
}
export interface PedalEvent {
  readonly time: number;
  /** 0 … 127 */
  readonly value: number;
  readonly channel: number;
}
export interface MidiScore {
  readonly ticksPerBeat: number;
  /** [seconds, beats a minute], from time 0 on. */
  readonly tempos: readonly (readonly [number, number])[];
  /** Sorted by start, then by their order in the file. */
  readonly notes: readonly ChannelNote[];
  readonly pedalEvents: readonly PedalEvent[];
  /** Last release or pedal event, in seconds. */
  readonly end: number;
}

const PEDAL_CONTROLLER = 64;

function refuse(where: string, found: string): SostenutoError {
  return new SostenutoError({
    code: 'MIDI_UNREADABLE',
    what: 'A MIDI file cannot be read',
    where,
    found,
    expected: 'a complete standard MIDI file of type 0 or 1',
    hint: 'replace the file or take it out of the manifest',
  });
}

/** Walks the chunks: the parser itself would take a cut file for a short one. */
function checkChunks(bytes: Uint8Array, where: string): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 14 || name(0) !== 'MThd') throw refuse(where, bytes.length === 0 ? 'an empty file' : 'no MThd header at the start');
  const tracks = view.getUint16(10);
  let found = 0;
  for (let at = 8 + view.getUint32(4); found < tracks; ) {
    if (at + 8 > bytes.length) throw refuse(where, `the file ends after ${found} of ${tracks} tracks`);
    const size = view.getUint32(at + 4);
    if (at + 8 + size > bytes.length) throw refuse(where, `chunk "${name(at)}" of ${size} bytes, ${bytes.length - at - 8} are left`);
    if (name(at) === 'MTrk') found++;
    at += 8 + size;
  }
}

function parse(bytes: Uint8Array, where: string) {
  checkChunks(bytes, where);
  try {
    return parseMidi(bytes);
  } catch (cause) {
    throw refuse(where, typeof cause === 'string' ? cause : cause instanceof Error ? cause.message : 'events that cannot be parsed');
  }
}

interface Timed {
  readonly tick: number;
  readonly event: MidiEvent;
}

/** Ticks to seconds with the tempo changes of all tracks. */
function tempoMap(
  tracks: readonly (readonly Timed[])[],
  ticksPerBeat: number,
): { tempos: [number, number][]; seconds: (tick: number) => number } {
  const changes: { tick: number; seconds: number; perTick: number }[] = [{ tick: 0, seconds: 0, perTick: 0.5 / ticksPerBeat }];
  const events = tracks.flat().sort((a, b) => a.tick - b.tick);
  for (const { tick, event } of events) {
    if (event.type !== 'setTempo') continue;
    const last = changes.at(-1);
    if (!last) continue;
    const change = {
      tick,
      seconds: last.seconds + (tick - last.tick) * last.perTick,
      perTick: event.microsecondsPerBeat / 1e6 / ticksPerBeat,
    };
    if (tick === last.tick) changes[changes.length - 1] = { ...change, seconds: last.seconds };
    else changes.push(change);
  }
  return {
    tempos: changes.map(({ seconds, perTick }) => [seconds, 60 / (perTick * ticksPerBeat)]),
    seconds: (tick) => {
      const change = changes.findLast((candidate) => candidate.tick <= tick) ?? { tick: 0, seconds: 0, perTick: 0 };
      return change.seconds + (tick - change.tick) * change.perTick;
    },
  };
}

/**
 * Reads a MIDI file. A note-on with velocity 0 is a release; a release ends every open note of its pitch and channel
 * that began earlier; a note without release ends with the file.
 * @throws SostenutoError MIDI_UNREADABLE for a cut file and for what is not MIDI.
 */
export function readMidi(bytes: Uint8Array, where = 'midi'): MidiScore {
  const file = parse(bytes, where);
  const { ticksPerBeat } = file.header;
  if (!ticksPerBeat) throw refuse(where, 'time in SMPTE frames instead of beats');
  const tracks = file.tracks.map((events): Timed[] => {
    let tick = 0;
    return events.map((event) => {
      tick += event.deltaTime;
      return { tick, event };
    });
  });
  const { tempos, seconds } = tempoMap(tracks, ticksPerBeat);
  const notes: (ChannelNote & { startTick: number })[] = [];
  const pedalEvents: PedalEvent[] = [];
  const lastTick = Math.max(0, ...tracks.map((events) => events.at(-1)?.tick ?? 0));
  for (const events of tracks) {
    const open = new Map<number, { startTick: number; velocity: number }[]>();
    const close = (key: number, endTick: number) => {
      const held = open.get(key) ?? [];
      for (const { startTick, velocity } of held.filter((note) => note.startTick < endTick)) {
        notes.push({
          pitch: key % 128,
          channel: Math.floor(key / 128),
          velocity,
          start: seconds(startTick),
          end: seconds(endTick),
          startTick,
        });
      }
      open.set(
        key,
        held.filter((note) => note.startTick >= endTick),
      );
    };
    for (const { tick, event } of events) {
      if (event.type === 'noteOn' && event.velocity > 0) {
        const key = event.channel * 128 + event.noteNumber;
        open.set(key, [...(open.get(key) ?? []), { startTick: tick, velocity: event.velocity }]);
      } else if (event.type === 'noteOff' || event.type === 'noteOn') {
        close(event.channel * 128 + event.noteNumber, tick);
      } else if (event.type === 'controller' && event.controllerType === PEDAL_CONTROLLER) {
        pedalEvents.push({ time: seconds(tick), value: event.value, channel: event.channel });
      }
    }
    for (const key of open.keys()) close(key, Math.max(lastTick, 1));
  }
  notes.sort((a, b) => a.startTick - b.startTick);
  pedalEvents.sort((a, b) => a.time - b.time);
  return {
    ticksPerBeat,
    tempos,
    notes: notes.map(({ startTick: _, ...note }) => note),
    pedalEvents,
    end: Math.max(0, ...notes.map((note) => note.end), ...pedalEvents.map((event) => event.time)),
  };
}

/** When the pedal of a channel was down: from a value of at least 64 to the next one below; unreleased until the end. */
export function pedalSpans(score: MidiScore, channel: number): Span[] {
  const spans: Span[] = [];
  let down: number | undefined;
  for (const event of score.pedalEvents) {
    if (event.channel !== channel) continue;
    if (event.value >= 64) down ??= event.time;
    else if (down !== undefined) {
      spans.push({ start: down, end: event.time });
      down = undefined;
    }
  }
  if (down !== undefined) spans.push({ start: down, end: score.end });
  return spans;
}

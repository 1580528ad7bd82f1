import { readFile } from 'node:fs/promises';
import { createShard } from '../../../datasets/features/sequence-shard.ts';
import { KEYS } from '../../../datasets/midi/performance.ts';
import { pianoRoll } from '../../../datasets/midi/piano-roll.ts';
import { readMidi } from '../../../datasets/midi/read-midi.ts';
import type { Quarantined } from '../../../engine/define/pipeline.ts';
import type { Run } from '../../../engine/define/task.ts';
import { LATENT_RATE } from '../rates.ts';
import type { rollShard as declaration } from '../tasks.ts';
import { checkFailures, orReason } from './quarantine.ts';

/** Columns of a roll: the velocity 0 … 127 of the 88 keys that are down, then the sustain pedal 0 or 1. */
const COLUMNS = KEYS + 1;

/**
 * Writes the shards `roll` [frames, 89], what hands and foot do and cameras can see, and `sounding` [frames, 88], with notes that the
 * pedal holds, of the clips that have MIDI; those whose MIDI cannot be read are set apart.
 */
export const rollShard: Run<typeof declaration> = async ({ params, item, context }) => {
  const unreadable: Quarantined[] = [];
  const directory = context.workDirectory;
  const shard = createShard(directory, { name: 'roll', scalar: 'u8', rowsPerSecond: LATENT_RATE, shape: [COLUMNS] });
  const sounding = createShard(directory, { name: 'sounding', scalar: 'u8', rowsPerSecond: LATENT_RATE, shape: [KEYS] });
  for (const { id, midi, start = 0, seconds } of item.clips) {
    if (midi === undefined) continue;
    const { path } = await context.openFile(midi);
    const read = await orReason(async () => readMidi(await readFile(path), id));
    if ('reason' in read) {
      unreadable.push({ id, reason: read.reason });
      continue;
    }
    const score = read.value;
    const from = Math.round(start * LATENT_RATE);
    const part = seconds === undefined ? {} : { frames: from + Math.round(seconds * LATENT_RATE) };
    const roll = pianoRoll(score, { sustain: false, ...part });
    sounding.append(id, pianoRoll(score, part).velocity.subarray(from * KEYS));
    const values = new Uint8Array(Math.max(0, roll.frames - from) * COLUMNS);
    for (let frame = from; frame < roll.frames; frame++) {
      values.set(roll.velocity.subarray(frame * KEYS, (frame + 1) * KEYS), (frame - from) * COLUMNS);
      values[(frame - from) * COLUMNS + KEYS] = roll.pedal[frame] ?? 0;
    }
    shard.append(id, values);
  }
  checkFailures(item.id, unreadable, params.maxFailures);
  shard.close();
  sounding.close();
  return { rolls: directory, unreadable };
};

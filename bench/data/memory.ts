import { join } from 'node:path';
import { openBatches } from '../../datasets/features/sequences.ts';
import { groupsIn, plan, writeShards } from './case.ts';

const CLIPS = 10_000;
const SHARDS = 200;
const TOLD = 10;
const ROWS = 75;

const megabytes = () => {
  globalThis.gc?.();
  return Math.round(process.memoryUsage().rss / 1e6);
};

/** What the process takes while it writes and then reads many clips, a second of latents each. */
export function measureMemory(home: string) {
  const folder = join(home, 'many');
  const before = megabytes();
  writeShards(folder, 'f16', CLIPS, SHARDS, ROWS);
  const written = megabytes();
  const batches = openBatches(groupsIn(folder, SHARDS), { ...plan, rows: ROWS });
  const out = new Float32Array(batches.size);
  const steps = Math.ceil(CLIPS / plan.batch);
  const reading: number[] = [];
  for (let step = 0; step < steps; step++) {
    batches.read(step, out);
    if ((step + 1) % Math.floor(steps / TOLD) === 0) reading.push(megabytes());
  }
  batches.close();
  return { what: `${CLIPS} clips in ${SHARDS} shards`, before, written, reading };
}

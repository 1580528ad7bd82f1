import { join } from 'node:path';
import { openBatches } from '../../datasets/features/sequences.ts';
import { clipDataset } from '../../models/training/flow/dataset.ts';
import { openStageClips } from '../../pipelines/video-to-audio/stage-clips.ts';
import { groupsIn, plan, WIDTH, writeShards } from './case.ts';

const CLIPS = 10_000;
const SHARDS = 200;
const TOLD = 10;
const ROWS = 75;
/** Less than the clips take, so that they have to make room for each other. */
const KEPT_BYTES = 64e6;

const megabytes = () => {
  globalThis.gc?.();
  return Math.round(process.memoryUsage().rss / 1e6);
};

/** Memory at each tenth of the way through all clips. */
function tenths(step: (step: number) => unknown): number[] {
  const steps = Math.ceil(CLIPS / plan.batch);
  const told: number[] = [];
  for (let at = 0; at < steps; at++) {
    step(at);
    if ((at + 1) % Math.floor(steps / TOLD) === 0) told.push(megabytes());
  }
  return told;
}

/** What the process takes while it writes many clips, a second of latents each, reads them in batches, and draws the batches of a training from them. */
export function measureMemory(home: string) {
  const folder = join(home, 'many');
  const before = megabytes();
  writeShards(folder, 'f16', CLIPS, SHARDS, ROWS);
  const written = megabytes();
  const groups = groupsIn(folder, SHARDS);
  const batches = openBatches(groups, { ...plan, rows: ROWS });
  const out = new Float32Array(batches.size);
  const reading = tenths((step) => batches.read(step, out));
  batches.close();

  const media = { form: 'file', digest: '', bytes: 0 } as const;
  const listed = Array.from({ length: CLIPS }, (_, i) => ({ id: `clip-${i}`, set: 'sounds', split: 'train', caption: '', media }) as const);
  const latents = groups.flatMap((group) => group.shards);
  const clips = openStageClips({ clips: listed, latents, text: [], video: [], roll: [], views: {} }, { keptBytes: KEPT_BYTES });
  const dataset = clipDataset(clips, { sounds: plan.batch }, { frames: ROWS, channels: WIDTH, textWidth: 1, seed: plan.seed });
  const training = tenths((step) => dataset.batchAt(step));
  return { what: `${CLIPS} clips in ${SHARDS} shards`, before, written, reading, training };
}

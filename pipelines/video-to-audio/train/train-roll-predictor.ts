import { join } from 'node:path';
import { KEYS } from '../../../datasets/midi/performance.ts';
import type { Run, TaskContext } from '../../../engine/define/task.ts';
import { loadBackend } from '../../../models/backend/index.ts';
import { TORCH_ADAM } from '../../../models/training/optimiser.ts';
import { type FilmedClip, rollDataset } from '../../../models/training/roll/dataset.ts';
import { trainRoll } from '../../../models/training/roll/train-roll.ts';
import { type FilmedClips, readFilmedClips } from '../features.ts';
import { LATENT_RATE, PICTURE_RATE } from '../rates.ts';
import { runOfTask } from './run-of-task.ts';
import type { trainRollPredictor as declaration } from './tasks.ts';

const WARM_UP_STEPS = 20;
const ROWS_A_PICTURE = LATENT_RATE / PICTURE_RATE;

export const trainRollPredictor: Run<typeof declaration> = async ({ inputs, params, context }) => {
  const { seed, predictor, training, steps } = params;
  const clips = await filmed(context, inputs, 'train', predictor.views);
  const heldOut = await filmed(context, inputs, 'validation', predictor.views);
  const backend = await loadBackend();
  const directory = join(context.workDirectory, 'predictor');
  const { batch } = training;
  await trainRoll({
    tf: backend.tf,
    predictor,
    loss: training.loss,
    steps,
    optimiser: { ...TORCH_ADAM, clipNorm: 1 },
    schedule: { base: training.learningRate, warmUpSteps: WARM_UP_STEPS, shape: 'constant' },
    seed,
    dataset: rollDataset(predictor, clips, { batch, seed, order: 'balanced' }),
    ...(heldOut.length > 0 && {
      validation: { dataset: rollDataset(predictor, heldOut, { batch, seed, order: 'even' }), everySteps: training.validateEvery },
    }),
    directory,
    ...runOfTask(context, backend),
  });
  return { predictor: directory };
};

/** Clips with their notes at the times of the pictures. */
async function filmed(
  context: TaskContext,
  inputs: FilmedClips,
  split: 'train' | 'validation',
  views: readonly string[],
): Promise<FilmedClip[]> {
  const clips = await readFilmedClips(context, inputs, split, views);
  return clips.map(({ id, pictures, count, notes }) => {
    const velocities = new Uint8Array(count * KEYS);
    const pedal = new Uint8Array(count);
    for (let frame = 0; frame < count; frame++) {
      const row = frame * ROWS_A_PICTURE;
      velocities.set(notes.velocities.subarray(row * KEYS, (row + 1) * KEYS), frame * KEYS);
      pedal[frame] = notes.pedal[row] ?? 0;
    }
    return { id, frames: count, pictures, velocities, pedal };
  });
}

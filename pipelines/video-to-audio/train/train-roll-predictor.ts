import { join } from 'node:path';
import type { Run } from '../../../engine/define/task.ts';
import { loadBackend } from '../../../models/backend/index.ts';
import { TORCH_ADAM } from '../../../models/training/optimiser.ts';
import { rollDataset } from '../../../models/training/roll/dataset.ts';
import { trainRoll } from '../../../models/training/roll/train-roll.ts';
import { filmedFiles, openFilmedClips } from '../filmed-clips.ts';
import { runOfTask } from './run-of-task.ts';
import type { trainRollPredictor as declaration } from './tasks.ts';

const WARM_UP_STEPS = 20;

export const trainRollPredictor: Run<typeof declaration> = async ({ inputs, params, context }) => {
  const { seed, predictor, training, steps } = params;
  const clips = openFilmedClips(await filmedFiles(context, inputs, 'train', predictor.views));
  const heldOut = openFilmedClips(await filmedFiles(context, inputs, 'validation', predictor.views));
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

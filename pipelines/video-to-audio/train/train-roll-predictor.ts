import { join } from 'node:path';
import type { Run } from '../../../engine/define/task.ts';
import { loadBackend } from '../../../models/backend/index.ts';
import { TORCH_ADAM } from '../../../models/training/optimiser.ts';
import { trainRoll } from '../../../models/training/roll/train-roll.ts';
import { filmedFiles, openFilmedClips } from '../filmed-clips.ts';
import { withReadAhead } from './read-ahead.ts';
import { openRollDataset, type RollData, rollSource } from './roll-data.ts';
import { runOfTask } from './run-of-task.ts';
import type { trainRollPredictor as declaration } from './tasks.ts';

const WARM_UP_STEPS = 20;

export const trainRollPredictor: Run<typeof declaration> = async ({ inputs, params, context }) => {
  const { seed, predictor, training, steps } = params;
  const { batch } = training;
  const data = async (split: 'train' | 'validation', order: RollData['draw']['order']): Promise<RollData> => ({
    files: await filmedFiles(context, inputs, split, predictor.views),
    predictor,
    draw: { batch, seed, order },
  });
  const [drawn, heldOut] = [await data('train', 'balanced'), await data('validation', 'even')];
  const validation = openFilmedClips(heldOut.files).length > 0 && { dataset: openRollDataset(heldOut), everySteps: training.validateEvery };
  const backend = await loadBackend();
  const directory = join(context.workDirectory, 'predictor');
  await withReadAhead(context, openRollDataset(drawn), rollSource(drawn), (dataset) =>
    trainRoll({
      tf: backend.tf,
      predictor,
      loss: training.loss,
      steps,
      optimiser: { ...TORCH_ADAM, clipNorm: 1 },
      schedule: { base: training.learningRate, warmUpSteps: WARM_UP_STEPS, shape: 'constant' },
      seed,
      dataset,
      ...(validation && { validation }),
      directory,
      ...runOfTask(context, backend),
    }),
  );
  return { predictor: directory };
};

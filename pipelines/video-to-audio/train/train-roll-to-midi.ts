import { join } from 'node:path';
import type { Run } from '../../../engine/define/task.ts';
import { loadBackend } from '../../../models/backend/index.ts';
import { TORCH_ADAM } from '../../../models/training/optimiser.ts';
import { type RollPair, rollWindows } from '../../../models/training/roll-to-midi/dataset.ts';
import { trainRollToMidi as train } from '../../../models/training/roll-to-midi/train-roll-to-midi.ts';
import { openPredictedRolls } from '../predicted-rolls.ts';
import { runOfTask } from './run-of-task.ts';
import type { trainRollToMidi as declaration } from './tasks.ts';

export const trainRollToMidi: Run<typeof declaration> = async ({ inputs, params, context }) => {
  const { seed, network, training, steps } = params;
  const { frames, batch, clips: atMost, learningRate, validateEvery } = training;
  const backend = await loadBackend();
  const { tf } = backend;
  const rolls = await openPredictedRolls(tf, context, inputs);
  const { keys } = rolls.predictor;
  const clips = await rolls.read('train', { atMost });
  const heldOut = await rolls.read('validation', { atMost });
  rolls.close();
  const windows = (of: readonly RollPair[], order: 'shuffled' | 'in turn') => rollWindows(of, { keys, frames, batch, seed, order });
  const directory = join(context.workDirectory, 'corrector');
  await train({
    tf,
    network,
    steps,
    learning: { optimiser: TORCH_ADAM, schedule: () => learningRate },
    seed,
    dataset: windows(clips, 'shuffled'),
    ...(heldOut.length > 0 && { validation: { dataset: windows(heldOut, 'in turn'), everySteps: validateEvery } }),
    directory,
    ...runOfTask(context, backend),
  });
  return { corrector: directory };
};

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createShard, openShard, type SequenceShard } from '../../../datasets/features/sequence-shard.ts';
import type { Run } from '../../../engine/define/task.ts';
import { loadBackend } from '../../../models/backend/index.ts';
import { TORCH_ADAM } from '../../../models/training/optimiser.ts';
import { type RollPair, rollWindows, type StoredRoll } from '../../../models/training/roll-to-midi/dataset.ts';
import { trainRollToMidi as train } from '../../../models/training/roll-to-midi/train-roll-to-midi.ts';
import { openPredictedRolls, type PredictedRoll } from '../predicted-rolls.ts';
import { PICTURE_RATE } from '../rates.ts';
import { runOfTask } from './run-of-task.ts';
import type { trainRollToMidi as declaration } from './tasks.ts';

export const trainRollToMidi: Run<typeof declaration> = async ({ inputs, params, context }) => {
  const { seed, network, training, steps } = params;
  const { frames, batch, clips: atMost, learningRate, validateEvery } = training;
  const backend = await loadBackend();
  const { tf } = backend;
  const rolls = await openPredictedRolls(tf, context, inputs);
  const { keys } = rolls.predictor;
  const kept = (split: 'train' | 'validation') => keepPairs(join(context.workDirectory, split), keys, rolls.read(split, { atMost }));
  const [clips, heldOut] = [await kept('train'), await kept('validation')];
  rolls.close();
  const windows = (of: readonly RollPair[], order: 'shuffled' | 'in turn') => rollWindows(of, { keys, frames, batch, seed, order });
  const directory = join(context.workDirectory, 'corrector');
  try {
    await train({
      tf,
      network,
      steps,
      learning: { optimiser: TORCH_ADAM, schedule: () => learningRate },
      seed,
      dataset: windows(clips.pairs, 'shuffled'),
      ...(heldOut.pairs.length > 0 && { validation: { dataset: windows(heldOut.pairs, 'in turn'), everySteps: validateEvery } }),
      directory,
      ...runOfTask(context, backend),
    });
  } finally {
    clips.close();
    heldOut.close();
  }
  return { corrector: directory };
};

/** Writes rolls into a folder, one clip in memory at a time, and gives them back to be read in parts. */
async function keepPairs(folder: string, keys: number, rolls: AsyncIterable<PredictedRoll>) {
  mkdirSync(folder);
  const create = (name: string) => createShard(folder, { name, scalar: 'f32', rowsPerSecond: PICTURE_RATE, shape: [keys] });
  const writers = { predicted: create('predicted'), played: create('played') };
  for await (const { id, predicted, played } of rolls) {
    writers.predicted.append(id, predicted);
    writers.played.append(id, played);
  }
  const open = (name: keyof typeof writers) => {
    writers[name].close();
    return openShard({ arrow: join(folder, `${name}.arrow`), index: join(folder, `${name}.json`) });
  };
  const [predicted, played] = [open('predicted'), open('played')];
  const pairs = predicted.index.clips.map(({ id, rows }): RollPair => {
    return { id, framesPerSecond: PICTURE_RATE, predicted: rollIn(predicted, id, rows), played: rollIn(played, id, rows) };
  });
  const close = () => {
    predicted.close();
    played.close();
  };
  return { pairs, close };
}

const rollIn = (shard: SequenceShard, id: string, frames: number): StoredRoll => ({
  frames,
  keys: shard.index.width,
  read: (from, count) => new Float32Array(shard.read(id, from, count)),
});

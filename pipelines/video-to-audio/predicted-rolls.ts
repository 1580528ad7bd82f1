import { setImmediate } from 'node:timers/promises';
import type { StoredTree } from '../../engine/define/ports.ts';
import type { TaskContext } from '../../engine/define/task.ts';
import type { Tf } from '../../models/backend/index.ts';
import type { RollPredictorConfig } from '../../models/network/roll-predictor/config.ts';
import { rollTargets } from '../../models/network/roll-predictor/targets.ts';
import { openPredictor } from '../../models/sampling/predict-rolls.ts';
import { readRollModel } from '../../models/training/roll/model-files.ts';
import type { RollPair } from '../../models/training/roll-to-midi/dataset.ts';
import { folderOf } from '../stored-folder.ts';
import { type FilmedClips, readFilmedClips } from './features.ts';
import { LATENT_RATE, PICTURE_RATE } from './rates.ts';
import type { Clip } from './tasks.ts';

const ROWS_A_PICTURE = LATENT_RATE / PICTURE_RATE;

export interface PredictedRolls {
  readonly predictor: RollPredictorConfig;
  /** The first `atMost` clips, by id, of a split, or those of them that are named. */
  read(split: Clip['split'], which?: { readonly atMost?: number; readonly named?: ReadonlySet<string> }): Promise<RollPair[]>;
  close(): void;
}

/** What a trained predictor sees in the pictures of piano clips, the pedal left out, and what was played of the same keys; a row a picture. */
export async function openPredictedRolls(
  tf: Tf,
  context: TaskContext,
  inputs: FilmedClips & { readonly predictor: StoredTree },
): Promise<PredictedRolls> {
  const { config, weights } = await readRollModel(await folderOf(context, inputs.predictor, 'predictor'));
  const { predictor } = config;
  const { keys } = predictor;
  const columns = keys + (predictor.sustain ? 1 : 0);
  const opened = openPredictor(tf, predictor, weights);
  return {
    predictor,
    close: opened.dispose,
    async read(split, { atMost = Number.POSITIVE_INFINITY, named } = {}) {
      const clips = (await readFilmedClips(context, inputs, split, predictor.views)).filter(({ id }) => named?.has(id) ?? true);
      const pairs: RollPair[] = [];
      for (const { id, count, pictures, notes } of clips.slice(0, atMost)) {
        // Heartbeats and a stop come in between.
        await setImmediate();
        context.signal.throwIfAborted();
        const seen = opened.predict({ id, pictures, frames: count });
        const down = rollTargets({ keys, target: 'binary' }, notes.velocities);
        const [predicted, played] = [new Float32Array(count * keys), new Float32Array(count * keys)];
        for (let frame = 0; frame < count; frame++) {
          predicted.set(seen.subarray(frame * columns, frame * columns + keys), frame * keys);
          played.set(down.subarray(frame * ROWS_A_PICTURE * keys, (frame * ROWS_A_PICTURE + 1) * keys), frame * keys);
        }
        pairs.push({ id, framesPerSecond: PICTURE_RATE, predicted, played });
      }
      return pairs;
    },
  };
}

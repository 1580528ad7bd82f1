import { setImmediate } from 'node:timers/promises';
import type { StoredTree } from '../../engine/define/ports.ts';
import type { TaskContext } from '../../engine/define/task.ts';
import type { Tf } from '../../models/backend/index.ts';
import type { RollPredictorConfig } from '../../models/network/roll-predictor/config.ts';
import { rollTargets } from '../../models/network/roll-predictor/targets.ts';
import { openPredictor } from '../../models/sampling/predict-rolls.ts';
import { readRollModel } from '../../models/training/roll/model-files.ts';
import { folderOf } from '../stored-folder.ts';
import { type FilmedClips, filmedFiles, openFilmedClips } from './filmed-clips.ts';
import type { Clip } from './tasks.ts';

/** What was predicted of a clip and what was played, both [frames,keys], a row a picture: the chance that a key is down, and 1 where one is. */
export interface PredictedRoll {
  readonly id: string;
  readonly predicted: Float32Array;
  readonly played: Float32Array;
}
export interface PredictedRolls {
  readonly predictor: RollPredictorConfig;
  /** One after the other, the first `atMost` clips, by id, of a split, or those of them that are named. */
  read(split: Clip['split'], which?: { readonly atMost?: number; readonly named?: ReadonlySet<string> }): AsyncGenerator<PredictedRoll>;
  close(): void;
}

/** What a trained predictor sees in the pictures of piano clips, the pedal left out, and what was played of the same keys. */
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
    async *read(split, { atMost = Number.POSITIVE_INFINITY, named } = {}) {
      const clips = openFilmedClips(await filmedFiles(context, inputs, split, predictor.views));
      for (const clip of clips.filter(({ id }) => named?.has(id) ?? true).slice(0, atMost)) {
        // Heartbeats and a stop come in between.
        await setImmediate();
        context.signal.throwIfAborted();
        const seen = opened.predict(clip);
        const predicted = new Float32Array(clip.frames * keys);
        for (let frame = 0; frame < clip.frames; frame++)
          predicted.set(seen.subarray(frame * columns, frame * columns + keys), frame * keys);
        const played = rollTargets({ keys, target: 'binary' }, clip.notes(0, clip.frames).velocities);
        yield { id: clip.id, predicted, played };
      }
    },
  };
}

import type { RollPredictorConfig } from '../../../models/network/roll-predictor/config.ts';
import { rollDataset } from '../../../models/training/roll/dataset.ts';
import { type FilmedFiles, openFilmedClips } from '../filmed-clips.ts';

/** What the batches of the roll predictor are made from: plain data, from which a thread can make the same. */
export interface RollData {
  readonly files: FilmedFiles;
  readonly predictor: RollPredictorConfig;
  readonly draw: Parameters<typeof rollDataset>[2];
}

export const openRollDataset = ({ files, predictor, draw }: RollData) => rollDataset(predictor, openFilmedClips(files), draw);

export const openRollBatches = (data: RollData) => openRollDataset(data).batchAt;
/** The batches of `openRollDataset`, for a thread. */
export const rollSource = (given: RollData) => ({ url: import.meta.url, open: openRollBatches, given });

import type { Run } from '../../../engine/define/task.ts';
import { loadBackend } from '../../../models/backend/index.ts';
import { createNetwork } from '../../../models/network/transformer.ts';
import { PAPER_DROPOUT } from '../../../models/objectives/rectified-flow.ts';
import { clipDataset } from '../../../models/training/flow/dataset.ts';
import { loadWeights, readFlowModel } from '../../../models/training/flow/model-files.ts';
import { flowValidation } from '../../../models/training/flow/validation.ts';
import type { FlowDataset } from '../../../models/training/latents.ts';
import { folderOf } from '../../stored-folder.ts';
import { openStageClips, stageFiles } from '../stage-clips.ts';
import type { measureRollUse as declaration, RollUse } from './tasks.ts';

const ROWS = 8;
const BATCHES = 6;

/** What a batch of rolls [B,T,columns], of which the first `keys` columns are keys, is turned into. */
type Telling = (roll: Float32Array, sizes: { rows: number; columns: number; keys: number }) => Float32Array;

/** From everything that there is to tell down to nothing. */
const TELLINGS: Readonly<Record<keyof RollUse, Telling>> = {
  'its own notes': (roll) => roll,
  'its notes at one loudness': (roll, { columns, keys }) => {
    const isNote = (value: number, i: number) => value > 0 && i % columns < keys;
    const notes = roll.filter(isNote);
    const mean = notes.reduce((sum, value) => sum + value, 0) / notes.length;
    return roll.map((value, i) => (isNote(value, i) ? mean : value));
  },
  'another clip’s notes': (roll, { rows }) => {
    const own = roll.length / rows;
    return Float32Array.from([...roll.subarray(own), ...roll.subarray(0, own)]);
  },
  'no notes': (roll) => new Float32Array(roll.length),
};

export const measureRollUse: Run<typeof declaration> = async ({ inputs, params: { seed, frames, roll }, context }) => {
  const { tf } = await loadBackend();
  const { network: config, weights, statistics } = await readFlowModel(await folderOf(context, inputs.model, 'model'));
  const clips = openStageClips(await stageFiles(context, inputs, 'test'), { checked: true }).filter(
    ({ set, hasNotes }) => set === 'piano' && hasNotes,
  );
  const [columns, videoWidth] = [config.extra?.keys ?? 0, config.video?.inputWidth];
  const rows = Math.min(ROWS, clips.length);
  if (rows < 2) return { use: null }; // another clip's notes need another clip
  const shape = { frames, channels: config.latentChannels, textWidth: config.text.width, roll, seed, fixedCrop: true };
  const dataset = clipDataset(clips, { piano: rows }, { ...shape, ...(videoWidth !== undefined && { videoWidth }) });

  let telling = TELLINGS['its own notes'];
  const told: FlowDataset = {
    ...dataset,
    batchAt: async (step) => {
      const batch = await dataset.batchAt(step);
      return { ...batch, ...(batch.roll && { roll: telling(batch.roll, { rows, columns, keys: roll.keys }) }) };
    },
  };
  const network = createNetwork(tf, config);
  const draws = { times: 'uniform', dropout: PAPER_DROPOUT } as const;
  const validation = flowValidation(tf, { network, dataset: told, statistics, stage: { train: [] }, draws, seed }, BATCHES);
  const loaded = loadWeights(tf, weights);
  const losses: [string, number][] = [];
  for (const [name, next] of Object.entries(TELLINGS)) {
    telling = next;
    losses.push([name, await validation.run(loaded)]);
    context.progress({ step: losses.length, of: Object.keys(TELLINGS).length });
  }
  tf.dispose([...loaded.values()]);
  validation.dispose();
  network.dispose();
  return { use: Object.fromEntries(losses) as unknown as RollUse }; // one for each of its keys
};

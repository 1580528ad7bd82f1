import { SostenutoError } from '../../../errors/problem.ts';
import type { Preference } from '../../../models/preference/decide.ts';
import { clipDataset, type DatasetShape, pairDataset } from '../../../models/training/flow/dataset.ts';
import { openStageClips, type StageClip, type StageFiles } from '../stage-clips.ts';
import { rowsOf } from './flow-settings.ts';
import type { StageParams } from './tasks.ts';

/** What the batches of a stage are made from: plain data, from which a thread can make the same. */
export interface StageData {
  readonly files: StageFiles;
  readonly mix: StageParams['mix'];
  readonly shape: DatasetShape;
  /** Pairs of clips in place of clips. */
  readonly preferences?: readonly Preference[];
}

export const stageDataset = ({ mix, shape, preferences }: StageData, clips: readonly StageClip[]) =>
  preferences ? pairDataset(pairsOf(preferences, clips), rowsOf(mix), shape) : clipDataset(clips, mix, shape);

export const openStageBatches = (data: StageData) => stageDataset(data, openStageClips(data.files)).batchAt;
/** The batches of `stageDataset`, for a thread. */
export const stageSource = (given: StageData) => ({ url: import.meta.url, open: openStageBatches, given });

/** Clips of the pairs that are for training. Throws `PAIR_INVALID` if a clip has no features, or the two play different pieces. */
function pairsOf(preferences: readonly Preference[], clips: readonly StageClip[]) {
  const byId = new Map(clips.map((clip) => [clip.id, clip]));
  const refuse = (pair: string, where: string, found: string) =>
    new SostenutoError({
      code: 'PAIR_INVALID',
      what: `The pair ${pair} cannot be trained on`,
      where,
      found,
      expected: 'two clips of one piece with sound and notes',
      hint: 'look at the quarantined clips, or drop the pair',
    });
  const find = (pair: string, id: string) => {
    const clip = byId.get(id);
    if (clip?.hasNotes) return clip;
    throw refuse(pair, id, clip ? 'a clip without notes' : 'no features of this clip');
  };
  return preferences
    .filter(({ split }) => split === 'train')
    .map(({ pair, ...sides }) => {
      const [preferred, rejected] = [find(pair, sides.preferred.id), find(pair, sides.rejected.id)];
      if (preferred.piece === rejected.piece) return { preferred, rejected };
      throw refuse(pair, `${preferred.id}, ${rejected.id}`, `the pieces ${preferred.piece} and ${rejected.piece}`);
    });
}

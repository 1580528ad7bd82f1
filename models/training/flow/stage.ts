import type { RollPredictorConfig } from '../../network/roll-predictor/config.ts';
import type { ContrastiveOptions } from '../../objectives/contrastive.ts';
import type { UniqueAugmentation } from '../../objectives/factor-cl/augment.ts';
import type { FactorClConfig } from '../../objectives/factor-cl/config.ts';
import type { PreferenceOptions } from '../../objectives/preference.ts';
import type { RollLoss } from '../../objectives/roll-loss.ts';

/** Parts of a flow model that can learn or stand still by themselves. `maps` connect the streams, `heads` belong to the contrastive losses. */
export type FlowPart = 'audio' | 'video' | 'extra' | 'maps' | 'roll' | 'heads';

const PATTERNS: readonly (readonly [FlowPart, RegExp])[] = [
  ['roll', /^video2roll_net\./],
  ['heads', /^transformer\.(a_align|v_align|contrastive_loss)\./],
  ['maps', /^transformer\.layers\.\d+\.1\.5\./],
  ['video', /^(transformer\.(layers\.\d+\.1\.|text_)|proj_video)/],
  ['extra', /^(transformer\.(layers\.\d+\.2\.|frames_)|proj_frames)/],
];

/** Part of a weight by its released name. */
export const partOf = (name: string): FlowPart => PATTERNS.find(([, pattern]) => pattern.test(name))?.[0] ?? 'audio';

/** What a stage of the method trains and by which losses beside flow matching. */
export interface FlowStage {
  readonly train: readonly FlowPart[];
  /**
   * Where the Extra-DiT's roll comes from: the roll predictor, whose gradients come through the flow loss and, with a weight above 0,
   * through the roll loss. Without it the clips' own notes.
   */
  readonly roll?: PredictedRoll;
  readonly contrast?: ContrastStage;
  readonly preference?: PreferenceOptions & { readonly weight: number };
}

/** `audeo`'s loss needs logits and is for a predictor that is trained alone. */
export interface PredictedRoll {
  readonly predictor: RollPredictorConfig;
  readonly loss: Exclude<RollLoss, 'audeo'>;
  readonly weight: number;
}

/** Windows of `frames` latent frames of each clip, seen by Eq. 5 or by FactorCL (which needs one frame). */
export type ContrastStage = { readonly weight: number; readonly sharedWindow: boolean } & (
  | { readonly kind: 'eq5'; readonly frames: number; readonly width: number; readonly options: ContrastiveOptions }
  | { readonly kind: 'factor-cl'; readonly config: FactorClConfig; readonly augmentation: UniqueAugmentation; readonly rate: number }
);

import type { RollPredictorConfig } from '../network/roll-predictor/config.ts';
import { predictRoll } from '../network/roll-predictor/predict-roll.ts';
import type { Tensor, Tf, Weights } from '../network/tensor-types.ts';
import { type RollLoss, rollLoss } from './roll-loss.ts';

export interface RollBatch {
  /** [N,height,width,channels] */
  readonly windows: Tensor;
  /** [N,keys], 0 … 1. */
  readonly target: Tensor;
  /** [N,1], 1 = the pedal is down; for a predictor with this output. */
  readonly sustain?: Tensor;
}

/**
 * Objective of the roll predictor trained alone: the loss of the roll, and cross-entropy of the pedal. A pure function of weights and batch
 * that also gives the predicted roll [N,keys] and the norms' new running estimates.
 */
export function rollObjective(tf: Tf, config: RollPredictorConfig, kind: RollLoss, weights: Weights, batch: RollBatch) {
  const { logits, sustain, buffers } = predictRoll(tf, config, weights, batch.windows, { training: true });
  const roll = tf.sigmoid(logits);
  const ofRoll = rollLoss(tf, kind, kind === 'audeo' ? logits : roll, batch.target);
  const ofPedal = sustain && batch.sustain && rollLoss(tf, 'audeo', sustain, batch.sustain);
  return { loss: ofPedal ? tf.add(ofRoll, ofPedal) : ofRoll, watched: { roll }, buffers };
}

import type { Tensor, Tf, Weights } from '../../network/tensor-types.ts';
import type { Network, NetworkInputs } from '../../network/transformer.ts';
import { errorChange, preferenceLoss } from '../../objectives/preference.ts';
import { applyKeep, interpolate, rectifiedFlowLoss, velocityTarget } from '../../objectives/rectified-flow.ts';
import type { Objective } from '../phase.ts';
import type { FlowBatch } from './batch.ts';
import { contrastTerm, criticsTerm } from './contrast-term.ts';
import { rollTerm, within } from './roll-term.ts';
import type { FlowStage } from './stage.ts';

/** Before the names of the weights of the frozen model that preference training compares with. */
export const REFERENCE = 'reference/';

/**
 * Everything a stage minimises: flow matching, and by its settings the roll, contrastive and preference losses.
 * A pure function of weights and batch. `perClip` lets the flow loss be told apart by time.
 */
export function flowObjective(tf: Tf, network: Network, stage: FlowStage, weights: Weights, batch: FlowBatch): Objective {
  const { preference, contrast } = stage;
  // Norms stand still in preference training, so that model and reference are equal at the start.
  const { seen, inputs, prediction, target } = predictVelocity(tf, network, stage, weights, batch, preference === undefined);
  const { times, mask } = batch;
  // Rejected clips are compared, never imitated.
  const imitated = (x: Tensor) => (preference ? (tf.split(x, 2, 0)[0] as Tensor) : x);
  const { loss: flow } = rectifiedFlowLoss(tf, imitated(prediction), imitated(target), mask && imitated(mask));
  const { perClip } = rectifiedFlowLoss(tf, prediction, target, mask);
  const terms: [string, Tensor, number][] = [['flow', flow, 1]];
  const watched: Record<string, Tensor> = { perClip, times };
  if (stage.roll && seen) terms.push(['roll', seen.loss, stage.roll.weight]);
  if (contrast) {
    const term = contrastTerm(tf, contrast, weights, network.entry(weights, inputs), batch);
    Object.assign(watched, term.watched);
    terms.push(['contrast', term.loss, contrast.weight]);
  }
  if (preference) {
    const reference = predictVelocity(tf, network, stage, within(weights, REFERENCE), batch, false).prediction;
    const change = errorChange(tf, prediction, reference, target, preference.frames, mask);
    const compared = preferenceLoss(tf, change, preference.beta);
    Object.assign(watched, { accuracy: compared.accuracy, margin: tf.mean(compared.inside) });
    terms.push(['preference', compared.loss, preference.weight]);
  }
  for (const [name, value] of terms) watched[name] = value;
  return { loss: tf.addN(terms.map(([, value, weight]) => tf.mul(value, weight))), watched, ...(seen && { buffers: seen.buffers }) };
}

/** What FactorCL's CLUB critics learn by; the encoders stand still in it. */
export function criticsObjective(tf: Tf, network: Network, stage: FlowStage, weights: Weights, batch: FlowBatch): Objective {
  if (!stage.contrast) return { loss: tf.scalar(0) };
  return { loss: criticsTerm(tf, stage.contrast, weights, network.entry(weights, networkInputs(tf, batch)), batch) };
}

/** Flow-matching loss alone, as the model is at rest. */
export function flowLossAtRest(tf: Tf, network: Network, stage: FlowStage, weights: Weights, batch: FlowBatch): Tensor {
  const { prediction, target } = predictVelocity(tf, network, stage, weights, batch, false);
  return rectifiedFlowLoss(tf, prediction, target, batch.mask).loss;
}

function predictVelocity(tf: Tf, network: Network, stage: FlowStage, weights: Weights, batch: FlowBatch, training: boolean) {
  const seen = stage.roll && rollTerm(tf, stage.roll, weights, batch, training);
  const inputs = networkInputs(tf, batch, seen?.roll);
  return { seen, inputs, prediction: network.predict(weights, inputs), target: velocityTarget(tf, batch.noise, batch.latents) };
}

function networkInputs(tf: Tf, batch: FlowBatch, roll = batch.roll): NetworkInputs {
  const { latents, noise, times, mask, video, keepVideo } = batch;
  return {
    latents: interpolate(tf, noise, latents, times),
    time: times,
    text: applyKeep(tf, batch.text, batch.keepText),
    textMask: batch.textMask,
    ...(video && keepVideo && { video: applyKeep(tf, video, keepVideo) }),
    ...(roll && { roll }),
    ...(mask && { mask }),
  };
}

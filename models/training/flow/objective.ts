import type { Tensor, Tf, Weights } from '../../network/tensor-types.ts';
import type { Network, NetworkInputs } from '../../network/transformer.ts';
import { errorChange, preferenceLoss } from '../../objectives/preference.ts';
import { applyKeep, interpolate, rectifiedFlowLoss, velocityTarget } from '../../objectives/rectified-flow.ts';
import type { Objective } from '../phase.ts';
import type { FlowBatch } from './batch.ts';
import { contrastTerm, criticsTerm } from './contrast-term.ts';
import type { FlowStage } from './stage.ts';

/** Before the names of the weights of the frozen model that preference training compares with. */
export const REFERENCE = 'reference/';

/**
 * Everything a stage minimises: flow matching, and by its settings the roll, contrastive and preference losses.
 * A pure function of weights and batch. `perClip` lets the flow loss be told apart by time.
 */
export function flowObjective(tf: Tf, network: Network, stage: FlowStage, weights: Weights, batch: FlowBatch): Objective {
  const { latents, noise, times, mask } = batch;
  const inputs = networkInputs(tf, batch);
  const prediction = network.predict(weights, inputs);
  const target = velocityTarget(tf, noise, latents);
  const { preference, contrast } = stage;
  // Rejected clips are compared, never imitated.
  const imitated = (x: Tensor) => (preference ? (tf.split(x, 2, 0)[0] as Tensor) : x);
  const { loss: flow } = rectifiedFlowLoss(tf, imitated(prediction), imitated(target), mask && imitated(mask));
  const { perClip } = rectifiedFlowLoss(tf, prediction, target, mask);
  const terms: [string, Tensor, number][] = [['flow', flow, 1]];
  const watched: Record<string, Tensor> = { perClip, times };
  if (contrast) {
    const term = contrastTerm(tf, contrast, weights, network.entry(weights, inputs), batch);
    Object.assign(watched, term.watched);
    terms.push(['contrast', term.loss, contrast.weight]);
  }
  if (preference) {
    const frozen = new Map([...weights].flatMap(([name, w]) => (name.startsWith(REFERENCE) ? [[name.slice(REFERENCE.length), w]] : [])));
    const change = errorChange(tf, prediction, network.predict(frozen, inputs), target, preference.frames, mask);
    const compared = preferenceLoss(tf, change, preference.beta);
    Object.assign(watched, { accuracy: compared.accuracy, margin: tf.mean(compared.inside) });
    terms.push(['preference', compared.loss, preference.weight]);
  }
  for (const [name, value] of terms) watched[name] = value;
  return { loss: tf.addN(terms.map(([, value, weight]) => tf.mul(value, weight))), watched };
}

/** What FactorCL's CLUB critics learn by; the encoders stand still in it. */
export function criticsObjective(tf: Tf, network: Network, stage: FlowStage, weights: Weights, batch: FlowBatch): Objective {
  if (!stage.contrast) return { loss: tf.scalar(0) };
  return { loss: criticsTerm(tf, stage.contrast, weights, network.entry(weights, networkInputs(tf, batch)), batch) };
}

function networkInputs(tf: Tf, batch: FlowBatch): NetworkInputs {
  const { latents, noise, times, mask, video, keepVideo, roll } = batch;
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

import type { Tensor, Tf, Weights } from '../network/tensor-types.ts';
import type { Network } from '../network/transformer.ts';
import {
  applyKeep,
  drawDropout,
  drawNoise,
  drawTimes,
  interpolate,
  rectifiedFlowLoss,
  velocityTarget,
} from '../objectives/rectified-flow.ts';
import type { FlowSettings } from './flow-presets.ts';
import { type FlowDataset, type FlowExamples, type LatentStatistics, normalise } from './latents.ts';
import type { Batch, Objective } from './loop.ts';

/** What a step reads, all drawn beforehand. Latents are normalised. */
export type FlowBatch = Required & Optional & Batch;
interface Required {
  readonly latents: Tensor;
  readonly noise: Tensor;
  readonly times: Tensor;
  readonly text: Tensor;
  readonly textMask: Tensor;
  readonly keepText: Tensor;
}
interface Optional {
  readonly mask?: Tensor;
  readonly video?: Tensor;
  readonly keepVideo?: Tensor;
  readonly roll?: Tensor;
}

export type FlowDraws = Pick<FlowSettings, 'times' | 'dropout'>;

/** Host arrays and draws of one step as tensors. Streams of the network that the clips lack get zeros. */
export function flowBatch(
  tf: Tf,
  network: Network,
  dataset: FlowDataset,
  examples: FlowExamples,
  statistics: LatentStatistics,
  draws: FlowDraws,
  seed: number,
  step: number,
): FlowBatch {
  const { batch, frames, channels, textTokens, textWidth } = dataset;
  const { video, extra } = network.config;
  const hasVideo = Array.from({ length: batch }, (_, i) => examples.hasVideo?.[i] ?? false);
  const { keepText, keepVideo } = drawDropout(draws.dropout, seed, step, hasVideo);
  const orZeros = (data: Float32Array | undefined, width: number) =>
    data ? tf.tensor(data, [batch, frames, width]) : tf.zeros([batch, frames, width]);
  return {
    latents: tf.tensor(normalise(examples.latents, statistics), [batch, frames, channels]),
    noise: tf.tensor(drawNoise(seed, step, batch, frames * channels), [batch, frames, channels]),
    times: tf.tensor1d(drawTimes(draws.times, seed, step, batch)),
    text: tf.tensor(examples.text, [batch, textTokens, textWidth]),
    textMask: tf.tensor(examples.textMask, [batch, textTokens]),
    keepText: tf.tensor1d(keepText),
    ...(examples.mask && { mask: tf.tensor(examples.mask, [batch, frames]) }),
    ...(video && { video: orZeros(examples.video, video.inputWidth ?? video.width), keepVideo: tf.tensor1d(keepVideo) }),
    ...(extra && { roll: orZeros(examples.roll, extra.keys) }),
  };
}

/** Flow matching with dropped conditions: a pure function of weights and batch. `perClip` lets the loss be told apart by time. */
export function flowObjective(tf: Tf, network: Network, weights: Weights, batch: FlowBatch): Objective {
  const { latents, noise, times, mask, video, keepVideo, roll } = batch;
  const prediction = network.predict(weights, {
    latents: interpolate(tf, noise, latents, times),
    time: times,
    text: applyKeep(tf, batch.text, batch.keepText),
    textMask: batch.textMask,
    ...(video && keepVideo && { video: applyKeep(tf, video, keepVideo) }),
    ...(roll && { roll }),
    ...(mask && { mask }),
  });
  const { loss, perClip } = rectifiedFlowLoss(tf, prediction, velocityTarget(tf, noise, latents), mask);
  return { loss, watched: { perClip, times } };
}

export interface TimeBins {
  add(times: ArrayLike<number>, losses: ArrayLike<number>): void;
  /** Mean loss of each bin since the last call; undefined where no clip fell. */
  take(): (number | undefined)[];
}

/** Mean loss by eighths of time: where on the way from noise to data the network errs. */
export function timeBins(bins = 8): TimeBins {
  const sums = new Float64Array(bins);
  const counts = new Uint32Array(bins);
  return {
    add(times, losses) {
      for (let i = 0; i < times.length; i++) {
        const bin = Math.min(bins - 1, Math.floor((times[i] ?? 0) * bins));
        sums[bin] = (sums[bin] ?? 0) + (losses[i] ?? 0);
        counts[bin] = (counts[bin] ?? 0) + 1;
      }
    },
    take() {
      const means = Array.from(sums, (sum, i) => ((counts[i] ?? 0) > 0 ? sum / (counts[i] ?? 1) : undefined));
      sums.fill(0);
      counts.fill(0);
      return means;
    },
  };
}

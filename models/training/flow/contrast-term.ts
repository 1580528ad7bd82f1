import { SostenutoError } from '../../../errors/problem.ts';
import { size } from '../../network/differentiable.ts';
import type { Streams } from '../../network/stream-map.ts';
import type { Tensor, Tf, Weights } from '../../network/tensor-types.ts';
import { contrastiveLoss, projectFrames } from '../../objectives/contrastive.ts';
import { addNoise } from '../../objectives/factor-cl/augment.ts';
import { clubLearningLoss, type FactorClBatch, factorClLoss } from '../../objectives/factor-cl/objective.ts';
import { takeFrames } from '../../objectives/frame-choice.ts';
import type { FlowBatch } from './batch.ts';
import type { ContrastStage } from './stage.ts';

/**
 * The contrastive loss of a stage, seen where the streams have not yet told each other anything, and scalars to watch beside it.
 * Clips whose video is missing or dropped are left out.
 */
export function contrastTerm(tf: Tf, contrast: ContrastStage, weights: Weights, { audio, video }: Streams, batch: FlowBatch) {
  const { frames, framesMask, keepVideo } = batch;
  if (!video || !frames || !framesMask || !keepVideo) throw noVideo();
  if (contrast.kind === 'factor-cl') {
    const { loss, terms } = factorClLoss(tf, contrast.config, weights, factorClBatch(tf, contrast, audio, video, batch));
    return { loss, watched: terms };
  }
  const seen = tf.mul(framesMask, tf.reshape(keepVideo, [-1, 1]));
  const [audioFrames, videoFrames] = projectFrames(tf, weights, takeFrames(tf, audio, frames), takeFrames(tf, video, frames));
  return { loss: contrastiveLoss(tf, audioFrames, videoFrames, contrast.options, seen), watched: {} };
}

/** What the CLUB critics learn from, in a phase of their own. */
export function criticsTerm(tf: Tf, contrast: ContrastStage, weights: Weights, { audio, video }: Streams, batch: FlowBatch): Tensor {
  if (!video || !batch.keepVideo || contrast.kind !== 'factor-cl') throw noVideo();
  return clubLearningLoss(tf, contrast.config, weights, factorClBatch(tf, contrast, audio, video, batch));
}

function factorClBatch(
  tf: Tf,
  { config, augmentation }: Extract<ContrastStage, { kind: 'factor-cl' }>,
  audio: Tensor,
  video: Tensor,
  { frames, framesAside, audioNoise, videoNoise, keepVideo }: FlowBatch,
): FactorClBatch {
  const one = (x: Tensor, selection: Tensor | undefined) =>
    tf.reshape(takeFrames(tf, x, selection ?? tf.zeros([size(x, 0), 1, size(x, 1)])), [size(x, 0), size(x, 2)]);
  const features = { audio: one(audio, frames), video: one(video, frames), ...(keepVideo && { valid: keepVideo }) };
  if (config.condition.kind === 'labels' || !audioNoise || !videoNoise)
    return { ...features, condition: { labels: tf.reshape(tf.range(0, size(audio, 0), 1, 'float32'), [-1, 1]) } };
  const again = (x: Tensor, noise: Tensor) => addNoise(tf, one(x, framesAside), noise, augmentation.noise);
  return { ...features, condition: { audio: again(audio, audioNoise), video: again(video, videoNoise) } };
}

const noVideo = () =>
  new SostenutoError({
    code: 'STAGE_INVALID',
    what: 'Contrastive training needs a video stream.',
    expected: 'a stage whose network has video, with drawn frames',
  });

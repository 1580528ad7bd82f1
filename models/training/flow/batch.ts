import { normal } from '../../../numeric/random.ts';
import { frameWindows } from '../../network/frame-maps.ts';
import type { RollPredictorConfig } from '../../network/roll-predictor/config.ts';
import type { Tensor, Tf } from '../../network/tensor-types.ts';
import type { Network } from '../../network/transformer.ts';
import { chooseFrames, drawWindows, jitterWindows } from '../../objectives/frame-choice.ts';
import { drawPreference } from '../../objectives/preference.ts';
import { drawDropout, drawNoise, drawTimes } from '../../objectives/rectified-flow.ts';
import { type FlowDataset, type FlowExamples, type LatentStatistics, normalise, picturesOf } from '../latents.ts';
import type { FlowSettings } from './settings.ts';
import type { ContrastStage, FlowStage } from './stage.ts';

/** What a step reads, all drawn beforehand. Latents are normalised. */
export type FlowBatch = Always & Sometimes & { readonly [name: string]: Tensor };
interface Always {
  readonly latents: Tensor;
  readonly noise: Tensor;
  readonly times: Tensor;
  readonly text: Tensor;
  readonly textMask: Tensor;
  readonly keepText: Tensor;
}
interface Sometimes {
  readonly mask?: Tensor;
  readonly video?: Tensor;
  readonly keepVideo?: Tensor;
  readonly roll?: Tensor;
  /** Frames of the roll predictor's windows [N,5] in the pictures, which are named `picture/<view>`. */
  readonly windows?: Tensor;
  /** Of the contrastive losses: [N,J,T] windows of frames, [N,J] which of them exist. */
  readonly frames?: Tensor;
  readonly framesMask?: Tensor;
  /** A second look at them, and noise for it. */
  readonly framesAside?: Tensor;
  readonly audioNoise?: Tensor;
  readonly videoNoise?: Tensor;
}

export interface FlowSource {
  readonly network: Network;
  readonly dataset: FlowDataset;
  readonly statistics: LatentStatistics;
  readonly stage: FlowStage;
  readonly draws: Pick<FlowSettings, 'times' | 'dropout'>;
  readonly seed: number;
}

/** Host arrays and draws of one step as tensors. Streams of the network that the clips lack get zeros. */
export function flowBatch(tf: Tf, source: FlowSource, examples: FlowExamples, step: number): FlowBatch {
  const { network, dataset, statistics, stage, draws, seed } = source;
  const { batch, frames, channels, textTokens, textWidth } = dataset;
  const { video, extra } = network.config;
  const hasVideo = Array.from({ length: batch }, (_, i) => examples.hasVideo?.[i] ?? false);
  const { keepText, keepVideo } = drawDropout(draws.dropout, seed, step, hasVideo);
  const orZeros = (data: Float32Array | undefined, width: number) =>
    data ? tf.tensor(data, [batch, frames, width]) : tf.zeros([batch, frames, width]);
  const elements = frames * channels;
  const { noise, times } = stage.preference
    ? drawPreference(stage.preference.noise, draws.times, seed, step, batch / 2, elements)
    : { noise: drawNoise(seed, step, batch, elements), times: drawTimes(draws.times, seed, step, batch) };
  return {
    latents: tf.tensor(normalise(examples.latents, statistics), [batch, frames, channels]),
    noise: tf.tensor(noise, [batch, frames, channels]),
    times: tf.tensor1d(times),
    text: tf.tensor(examples.text, [batch, textTokens, textWidth]),
    textMask: tf.tensor(examples.textMask, [batch, textTokens]),
    keepText: tf.tensor1d(keepText),
    ...(examples.mask && { mask: tf.tensor(examples.mask, [batch, frames]) }),
    ...(video && { video: orZeros(examples.video, video.inputWidth ?? video.width), keepVideo: tf.tensor1d(keepVideo) }),
    ...(extra && { roll: orZeros(examples.roll, extra.keys) }),
    ...(stage.roll && pictureTensors(tf, stage.roll.predictor, dataset, examples)),
    ...(stage.contrast && contrastDraws(tf, source, stage.contrast, lengthsOf(examples, batch, frames), step)),
  };
}

/** Pictures [pianoRows·pictures,height,width] of each view, and the windows over them, which stay inside their clip. */
function pictureTensors(
  tf: Tf,
  { height, width, window }: RollPredictorConfig,
  { frames, pianoRows = 0 }: FlowDataset,
  { pictures }: FlowExamples,
) {
  const count = picturesOf(frames);
  const clip = frameWindows(count, 'clamp', window);
  const windows = Int32Array.from(
    { length: pianoRows * clip.length },
    (_, i) => (clip[i % clip.length] ?? 0) + count * Math.floor(i / clip.length),
  );
  const views = Object.entries(pictures ?? {}).map(([view, data]) => [
    `picture/${view}`,
    tf.tensor(data, [pianoRows * count, height, width]),
  ]);
  return { windows: tf.tensor(windows, [pianoRows * count, window], 'int32'), ...Object.fromEntries(views) };
}

/** Valid frames of each clip. */
const lengthsOf = ({ mask }: FlowExamples, batch: number, frames: number): number[] =>
  Array.from({ length: batch }, (_, i) => mask?.subarray(i * frames, (i + 1) * frames).reduce((sum, value) => sum + value, 0) ?? frames);

function contrastDraws(tf: Tf, { network, dataset, seed }: FlowSource, contrast: ContrastStage, lengths: readonly number[], step: number) {
  const { batch, frames } = dataset;
  const window = contrast.kind === 'eq5' ? contrast.frames : 1;
  const starts = drawWindows(seed, step, lengths, window, contrast.sharedWindow);
  const tensors = (from: readonly number[]) => {
    const { selection, mask } = chooseFrames(from, lengths, window, frames);
    return { frames: tf.tensor(selection, [batch, window, frames]), framesMask: tf.tensor(mask, [batch, window]) };
  };
  const first = tensors(starts);
  if (contrast.kind === 'eq5' || contrast.config.condition.kind === 'labels') return first;
  const aside = tensors(jitterWindows(seed, step, starts, lengths, window, contrast.augmentation.jitterFrames));
  aside.framesMask.dispose();
  const noise = (purpose: string, width: number) => tf.tensor(normal({ seed, purpose, step }, batch * width), [batch, width]);
  return {
    ...first,
    framesAside: aside.frames,
    audioNoise: noise('contrast noise of audio', network.config.audio.width),
    videoNoise: noise('contrast noise of video', network.config.video?.width ?? 0),
  };
}

import { linear } from './linear.ts';
import { residual } from './modulation.ts';
import { mapNames } from './names.ts';
import type { Tensor, Tf, Weights } from './tensor-types.ts';
import { weight } from './weight.ts';

/** States of the streams, [B,T,·] each. */
export interface Streams {
  readonly audio: Tensor;
  readonly video?: Tensor;
  readonly extra?: Tensor;
}

/**
 * The streams told of each other: audio += W·[audio; video; extra], video += W·[audio; video], extra += W·[audio; extra],
 * all from the values before. Bias-free and zero at first, so a new stream changes nothing. The last layer only updates the audio.
 */
export function mapStreams(tf: Tf, weights: Weights, layer: number, last: boolean, { audio, video, extra }: Streams): Streams {
  if (!video) return { audio };
  const name = mapNames(layer, extra !== undefined);
  const add = (to: Tensor, matrix: string, parts: Tensor[]) => residual(tf, to, linear(tf, tf.concat(parts, -1), weight(weights, matrix)));
  const toAudio = add(audio, name.toAudio, extra ? [audio, video, extra] : [audio, video]);
  if (last) return extra ? { audio: toAudio, video, extra } : { audio: toAudio, video };
  const toVideo = add(video, name.toVideo, [audio, video]);
  return extra ? { audio: toAudio, video: toVideo, extra: add(extra, name.toExtra, [audio, extra]) } : { audio: toAudio, video: toVideo };
}

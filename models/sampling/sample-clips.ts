import { SostenutoError } from '../../errors/problem.ts';
import type { Tensor, Tf } from '../network/tensor-types.ts';
import { createNetwork } from '../network/transformer.ts';
import { drawNoise } from '../objectives/rectified-flow.ts';
import { loadWeights, readFlowModel } from '../training/flow/model-files.ts';
import { denormalise } from '../training/latents.ts';
import { euler } from './euler.ts';
import { type Guidance, guidedVelocity } from './guidance.ts';
import { type StepConvention, timeGrid } from './time-grid.ts';

/** What a clip is to sound like. */
export interface ClipRequest {
  /** Text states [tokens, width]. */
  readonly text: Float32Array;
  readonly tokens: number;
  /** Frame features [frames, width], and the roll that guides [frames, keys]; zeros where a stream of the model has none. */
  readonly video?: Float32Array;
  readonly roll?: Float32Array;
}
export interface SampleOptions {
  readonly clips: readonly ClipRequest[];
  /** Latent frames of every clip. */
  readonly frames: number;
  readonly steps: number;
  readonly guidance: Guidance;
  readonly seed: number;
  /** Default −1, as in the paper. */
  readonly sway?: number;
  /** Default `intervals`. */
  readonly convention?: StepConvention;
  /** Clips sampled together; the result does not depend on it but for rounding. */
  readonly batch?: number;
  readonly signal?: AbortSignal;
  readonly progress?: (done: number, of: number) => void;
}

/** Latents [frames, channels] of each clip, in the codec's own scale. Noise comes from (seed, index of the clip). */
export async function sampleClips(tf: Tf, directory: string, options: SampleOptions): Promise<Float32Array[]> {
  const { clips, frames, steps, guidance, seed, sway = -1, convention = 'intervals', batch = 4 } = options;
  const model = await readFlowModel(directory);
  const { latentChannels: channels, text: textConfig, positions, video, extra } = model.network;
  if (frames > positions) {
    const problem = { code: 'CLIP_TOO_LONG', what: 'The model cannot make clips of this length.', where: directory };
    throw new SostenutoError({ ...problem, found: `${frames} latent frames`, expected: `at most ${positions}` });
  }
  const grid = timeGrid({ steps, convention, sway });
  const network = createNetwork(tf, model.network);
  const velocity = guidedVelocity(tf, network, guidance);
  const weights = loadWeights(tf, model.weights);
  const tokens = Math.max(1, ...clips.map((clip) => clip.tokens));
  const results: Float32Array[] = [];
  const total = Math.ceil(clips.length / batch) * (grid.length - 1);
  try {
    for (let from = 0; from < clips.length; from += batch) {
      const group = clips.slice(from, from + batch);
      const text = new Float32Array(group.length * tokens * textConfig.width);
      const textMask = new Float32Array(group.length * tokens);
      group.forEach((clip, i) => {
        text.set(clip.text.subarray(0, clip.tokens * textConfig.width), i * tokens * textConfig.width);
        textMask.fill(1, i * tokens, i * tokens + clip.tokens);
      });
      const stacked = (width: number, pick: (clip: ClipRequest) => Float32Array | undefined) => {
        const values = new Float32Array(group.length * frames * width);
        group.forEach((clip, i) => {
          values.set(pick(clip)?.subarray(0, frames * width) ?? [], i * frames * width);
        });
        return tf.tensor(values, [group.length, frames, width]);
      };
      const given = {
        text: tf.tensor(text, [group.length, tokens, textConfig.width]),
        textMask: tf.tensor(textMask, [group.length, tokens]),
        ...(video && { video: stacked(video.inputWidth ?? video.width, (clip) => clip.video) }),
        ...(extra && { roll: stacked(extra.keys, (clip) => clip.roll) }),
      };
      const noise = tf.tensor(drawNoise(seed, 0, group.length, frames * channels, from), [group.length, frames, channels]);
      let latents: Tensor | undefined;
      try {
        const done = (from / batch) * (grid.length - 1);
        const watch = (index: number) => options.progress?.(done + index, total);
        latents = await euler(tf, velocity.under(weights, given), noise, grid, {
          watch,
          ...(options.signal && { signal: options.signal }),
        });
        const values = denormalise(latents.dataSync<'float32'>(), model.statistics);
        for (let i = 0; i < group.length; i++) results.push(values.slice(i * frames * channels, (i + 1) * frames * channels));
      } finally {
        tf.dispose([noise, given, ...(latents ? [latents] : [])]);
      }
    }
    return results;
  } finally {
    velocity.dispose();
    network.dispose();
    tf.dispose([...weights.values()]);
  }
}

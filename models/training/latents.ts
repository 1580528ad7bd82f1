import { shuffled, uniform } from '../../numeric/random.ts';
import { welford } from '../../numeric/statistics.ts';

/** One clip of a training set, as extracted: nothing is normalised. */
export interface LatentClip {
  /** [frames, channels] */
  readonly latents: Float32Array;
  readonly frames: number;
  /** Text states [tokens, width]; no tokens where there is no caption. */
  readonly text: Float32Array;
  readonly tokens: number;
}

/** Per-channel mean and standard deviation over all clips and frames, float64, one pass. */
export interface LatentStatistics {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

export function latentStatistics(clips: Iterable<LatentClip>, channels: number): LatentStatistics {
  const running = welford(channels);
  for (const { latents, frames } of clips)
    for (let frame = 0; frame < frames; frame++) running.add(latents.subarray(frame * channels, (frame + 1) * channels));
  // A channel that never moves would be divided by zero.
  return { mean: Float32Array.from(running.mean()), deviation: Float32Array.from(running.deviation(), (value) => Math.max(value, 1e-5)) };
}

const mapChannels = (latents: Float32Array, channels: number, map: (value: number, channel: number) => number) =>
  latents.map((value, i) => map(value, i % channels));
/** (z − mean)/deviation per channel. [..., channels] */
export const normalise = (latents: Float32Array, { mean, deviation }: LatentStatistics): Float32Array =>
  mapChannels(latents, mean.length, (value, channel) => (value - (mean[channel] ?? 0)) / (deviation[channel] ?? 1));
/** The inverse of `normalise`. */
export const denormalise = (latents: Float32Array, { mean, deviation }: LatentStatistics): Float32Array =>
  mapChannels(latents, mean.length, (value, channel) => value * (deviation[channel] ?? 1) + (mean[channel] ?? 0));

/** A batch on the host. */
export interface FlowExamples {
  /** [B,T,channels], not normalised. */
  readonly latents: Float32Array;
  /** [B,n,width] and [B,n], 1 = valid. */
  readonly text: Float32Array;
  readonly textMask: Float32Array;
  /** [B,T], 1 = valid; only if some clip is shorter than T. */
  readonly mask?: Float32Array;
  /** [B,T,video width]; clips without video have zeros. */
  readonly video?: Float32Array;
  /** Which clips have video; none by default. */
  readonly hasVideo?: readonly boolean[];
  /** The clips' own notes [B,T,keys], 0…1; zeros without piano. */
  readonly roll?: Float32Array;
  /** What cameras see of the keys in the last `pianoRows` clips, by view: [pianoRows·picturesOf(T),height,width], grey 0…1. */
  readonly pictures?: Readonly<Record<string, Float32Array>>;
}

/** Pictures of a clip of so many latent frames: 25 a second and one more (see `rollFrames`). */
export const picturesOf = (latentFrames: number): number => Math.floor(latentFrames / 3) + 1;

/**
 * Batches as a function of the step alone, all of the same shapes. Each set has a fixed share of the rows, in the order sounds,
 * events, piano; with preference pairs, the preferred clips and then, in the same order, the rejected ones.
 */
export interface FlowDataset {
  readonly batch: number;
  /** Rows at the end of every batch that are piano; none by default. */
  readonly pianoRows?: number;
  readonly frames: number;
  readonly channels: number;
  readonly textTokens: number;
  readonly textWidth: number;
  batchAt(step: number): FlowExamples | Promise<FlowExamples>;
}

export interface ClipDatasetOptions {
  readonly batch: number;
  /** Latent frames of a crop; shorter clips are padded and masked. */
  readonly frames: number;
  readonly channels: number;
  readonly textWidth: number;
  readonly seed: number;
  /** Seen from the start of the clip instead of at random, for validation. */
  readonly fixedCrop?: boolean;
}

/** Clips in memory, in a new order every epoch, cropped at random places; order and places come from (seed, step). */
export function clipDataset(
  clips: readonly LatentClip[],
  { batch, frames, channels, textWidth, seed, fixedCrop = false }: ClipDatasetOptions,
): FlowDataset {
  if (clips.length === 0) throw new RangeError('A dataset needs at least one clip.');
  const textTokens = Math.max(1, ...clips.map((clip) => clip.tokens));
  const pads = clips.some((clip) => clip.frames < frames);
  let order: { epoch: number; indices: Uint32Array } = { epoch: -1, indices: new Uint32Array() };
  const clipAt = (index: number): LatentClip => {
    const epoch = Math.floor(index / clips.length);
    if (order.epoch !== epoch) order = { epoch, indices: shuffled({ seed, purpose: 'order', step: epoch }, clips.length) };
    return clips[order.indices[index % clips.length] ?? 0] as LatentClip;
  };
  const batchAt = (step: number): FlowExamples => {
    const latents = new Float32Array(batch * frames * channels);
    const text = new Float32Array(batch * textTokens * textWidth);
    const textMask = new Float32Array(batch * textTokens);
    const mask = new Float32Array(batch * frames);
    const places = uniform({ seed, purpose: 'crop', step }, batch);
    for (let i = 0; i < batch; i++) {
      const clip = clipAt(step * batch + i);
      const used = Math.min(frames, clip.frames);
      const from = fixedCrop ? 0 : Math.floor((places[i] ?? 0) * (clip.frames - used + 1));
      latents.set(clip.latents.subarray(from * channels, (from + used) * channels), i * frames * channels);
      mask.fill(1, i * frames, i * frames + used);
      text.set(clip.text.subarray(0, clip.tokens * textWidth), i * textTokens * textWidth);
      textMask.fill(1, i * textTokens, i * textTokens + clip.tokens);
    }
    return { latents, text, textMask, ...(pads && { mask }) };
  };
  return { batch, frames, channels, textTokens, textWidth, batchAt };
}

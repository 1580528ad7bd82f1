import { welford } from '../../numeric/statistics.ts';

/** One clip of a training set, as extracted: nothing is normalised. */
export interface LatentClip {
  readonly id?: string;
  /** Which share of a batch it belongs to. */
  readonly set?: string;
  /** [frames, channels] */
  readonly latents: Float32Array;
  readonly frames: number;
  /** Text states [tokens, width]; no tokens where there is no caption. */
  readonly text: Float32Array;
  readonly tokens: number;
  /** Features of pictures [count, width], evenly over `seconds`. */
  readonly video?: { readonly features: Float32Array; readonly count: number; readonly seconds: number };
  /** Velocities [frames, 88] and the pedal [frames] at the rate of the latents. */
  readonly notes?: { readonly velocities: Uint8Array; readonly pedal: Uint8Array };
  /** Grey pictures of the keys [count, height, width] of each view, 25 a second. */
  readonly pictures?: Readonly<Record<string, Uint8Array>>;
}

/** A clip whose features stay on disk until a batch needs them. */
export interface StoredClip extends Pick<LatentClip, 'id' | 'set' | 'frames' | 'tokens'> {
  read(): LatentClip;
}
export type TrainingClip = LatentClip | StoredClip;
export const readClip = (clip: TrainingClip): LatentClip => ('read' in clip ? clip.read() : clip);

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
 * Batches as a function of the step alone, all of the same shapes. Each set has a fixed share of the rows, piano at the end; with preference pairs, the preferred clips and then, in the same order, the rejected ones.
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

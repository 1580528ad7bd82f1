import { resample } from '../../numeric/resample.ts';
import { meanOf } from '../../numeric/statistics.ts';
import { ENVELOPE_RATE, ONSET_RATE, onsetEnvelope, pickOnsets } from './onsets.ts';

/** A peak of optical flow counts from this many pixels a frame on. */
const LEAST_FLOW = 0.1;
/** A peak of the motion counts from this part of the clip's largest on. */
const LEAST_PEAK = 0.1;
/** Video frames by which sound and motion may be apart in the correlation. */
const MOST_LAG = 2;

/** Mean absolute difference of each frame [F, size] to the one before, in [0, 1]; the first repeats the second. One frame, or none, has no motion. */
export function frameDifferences(frames: Uint8Array, size: number): Float32Array {
  const count = frames.length / size;
  const motion = new Float32Array(count);
  for (let frame = 1; frame < count; frame++) {
    let sum = 0;
    for (let i = frame * size; i < (frame + 1) * size; i++) sum += Math.abs((frames[i] ?? 0) - (frames[i - size] ?? 0));
    motion[frame] = sum / (255 * size);
  }
  if (count > 1) motion[0] = motion[1] ?? 0;
  return motion;
}

/** Seconds of the peaks of a series: larger than both neighbours and at least `least`. */
export function peakTimes(series: ArrayLike<number>, fps: number, least: number): number[] {
  return Array.from(series).flatMap((value, i, all) =>
    i > 0 && i < all.length - 1 && value > (all[i - 1] ?? 0) && value > (all[i + 1] ?? 0) && value >= least ? [i / fps] : [],
  );
}

/**
 * Intersection over union of two lists of peaks in seconds, as AV-align matches them (Yariv et al. 2023): each sound takes the first unused motion less than
 * one frame away. undefined without any peak.
 */
export function peakAgreement(sound: readonly number[], motion: readonly number[], fps: number): number | undefined {
  const unused = [...motion];
  for (const time of sound) {
    const found = unused.findIndex((other) => Math.abs(time - other) < 1 / fps);
    if (found >= 0) unused.splice(found, 1);
  }
  const matches = motion.length - unused.length;
  const union = sound.length + motion.length - matches;
  return union === 0 ? undefined : matches / union;
}

/** Seconds at which something begins in a sound (mono, `sampleRate` Hz). */
export const onsetTimes = (samples: Float32Array, sampleRate: number): number[] =>
  pickOnsets(onsetEnvelope(resample(samples, sampleRate, ONSET_RATE))).map((frame) => frame / ENVELOPE_RATE);

/** AV-align of a sound with the optical flow of its film, [F] at `fps`; undefined where neither has a peak. */
export const flowAgreement = (samples: Float32Array, sampleRate: number, flow: ArrayLike<number>, fps: number): number | undefined =>
  peakAgreement(onsetTimes(samples, sampleRate), peakTimes(flow, fps, LEAST_FLOW), fps);

export interface SoundAndMotion {
  /** AV-align with frame differences in the place of optical flow: comparable within this project only. */
  readonly avAlign: number | undefined;
  /** Largest correlation of onset strength and motion within two frames; 0 where one of them never changes. */
  readonly correlation: number;
}

/** Agreement of a sound (mono, `sampleRate` Hz) with the motion of its video, [F] at `fps`. */
export function soundAndMotion(samples: Float32Array, sampleRate: number, motion: ArrayLike<number>, fps: number): SoundAndMotion {
  const envelope = onsetEnvelope(resample(samples, sampleRate, ONSET_RATE));
  const largest = Array.from(motion).reduce((most, value) => Math.max(most, value), 0);
  const seen = largest > 0 ? peakTimes(motion, fps, LEAST_PEAK * largest) : [];
  const heard = pickOnsets(envelope).map((frame) => frame / ENVELOPE_RATE);
  return { avAlign: peakAgreement(heard, seen, fps), correlation: laggedCorrelation(perFrame(envelope, fps, motion.length), motion) };
}

/** Largest onset strength within half a video frame of each frame. */
function perFrame(envelope: Float64Array, fps: number, frames: number): Float64Array {
  const strongest = new Float64Array(frames);
  envelope.forEach((value, n) => {
    const frame = Math.round((n / ENVELOPE_RATE) * fps);
    if (frame < frames) strongest[frame] = Math.max(strongest[frame] ?? 0, value);
  });
  return strongest;
}

function laggedCorrelation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const length = Math.min(a.length, b.length) - MOST_LAG;
  if (length < 2) return 0;
  const all = Array.from({ length: 2 * MOST_LAG + 1 }, (_, i) => {
    const lag = i - MOST_LAG;
    return correlation(
      Array.from(a).slice(Math.max(0, lag), Math.max(0, lag) + length),
      Array.from(b).slice(Math.max(0, -lag), Math.max(0, -lag) + length),
    );
  });
  return Math.max(...all);
}

/** Pearson's coefficient. */
function correlation(a: readonly number[], b: readonly number[]): number {
  const [ma, mb] = [meanOf(a), meanOf(b)];
  const products = (x: readonly number[], mx: number, y: readonly number[], my: number) =>
    x.reduce((sum, value, i) => sum + (value - mx) * ((y[i] ?? 0) - my), 0);
  const scale = Math.sqrt(products(a, ma, a, ma) * products(b, mb, b, mb));
  return scale > 0 ? products(a, ma, b, mb) / scale : 0;
}

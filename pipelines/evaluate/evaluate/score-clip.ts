import type { SequenceShard } from '../../../datasets/features/sequence-shard.ts';
import { KEYS } from '../../../datasets/midi/performance.ts';
import { ROLL_FRAMES_PER_SECOND } from '../../../datasets/midi/piano-roll.ts';
import { flowAgreement, soundAndMotion } from '../../../models/metrics/av-align.ts';
import { klDivergences } from '../../../models/metrics/class-probabilities.ts';
import { logMelDistance } from '../../../models/metrics/log-mel.ts';
import { type RollAveraging, type RollOptions, rollScores } from '../../../models/metrics/roll-metrics.ts';
import { clipScore, cosine } from '../../../models/metrics/scoring/cosine.ts';
import { siSdr, spectralSiSdr } from '../../../models/metrics/si-sdr.ts';
import type { GuideKind } from '../../video-to-audio/evaluate/roll-file.ts';
import type { MeasureName } from '../measured.ts';
import type { Protocol } from '../settings.ts';

/** Whatever is known of one clip of a system and of its original; what is not known is left out. */
export interface ClipEvidence {
  readonly sound: Float32Array;
  readonly original: Float32Array;
  readonly classes?: Evidence;
  /** Embeddings in one space: of the sound, and of frames [F, width] or the caption. */
  readonly seen?: Evidence;
  readonly told?: Evidence;
  /** [F] at `fps` */
  readonly flow?: { readonly values: Float32Array; readonly fps: number };
  readonly difference?: { readonly values: Float32Array; readonly fps: number };
  /** [frames, 88] */
  readonly truth?: Uint8Array;
  readonly transcribed?: Uint8Array;
  readonly guide?: { readonly values: Float32Array; readonly columns: number; readonly kind: GuideKind };
}
interface Evidence {
  readonly own: Float32Array;
  readonly original: Float32Array;
}
export type Scores = Partial<Record<MeasureName, number>>;

const AVERAGINGS: readonly RollAveraging[] = ['samples', 'weighted', 'micro'];
/** A guiding roll sounds from here on, as in the training monitor. */
const GUIDED = 0.4;

/** Scores of one clip. */
export function scoreClip(evidence: ClipEvidence, protocol: Protocol): Scores {
  const { sound, original, classes, seen, told, flow, difference, truth, transcribed, guide } = evidence;
  const { first, last } = protocol.keys;
  const [kl] = classes ? klDivergences(classes.own, classes.original, classes.own.length) : [];
  const scores: Record<string, number | undefined> = {
    'si-sdr-magnitude': spectralSiSdr(sound, original),
    'si-sdr': siSdr(sound, original),
    'log-mel-distance': logMelDistance(sound, original),
    'kl-pann': kl,
    'clip-score-wav2clip': seen && clipScore(seen.own, seen.original),
    clap: told && cosine(told.own, told.original),
    'av-align': flow && flowAgreement(sound, protocol.sampleRate, flow.values, flow.fps),
    'av-align-frame-difference': difference && soundAndMotion(sound, protocol.sampleRate, difference.values, difference.fps).avAlign,
    ...(truth &&
      transcribed &&
      midiScores('midi', AVERAGINGS, columns(transcribed, KEYS, first, last), columns(truth, KEYS, first, last), {
        keys: last - first + 1,
      })),
    ...(truth && guide && guideScores(truth, guide)),
  };
  return Object.fromEntries(Object.entries(scores).filter(([, value]) => value !== undefined && Number.isFinite(value)));
}

/** Precision, recall and F1 in each averaging, and the accuracy, which has one. */
function midiScores(
  prefix: 'midi' | 'roll',
  averagings: readonly RollAveraging[],
  prediction: ArrayLike<number>,
  truth: ArrayLike<number>,
  options: Omit<RollOptions, 'averaging'>,
): Record<string, number> {
  const scores: Record<string, number> = {};
  for (const averaging of averagings) {
    const { precision, recall, f1, accuracy } = rollScores(prediction, truth, { ...options, averaging });
    scores[`${prefix}-precision-${averaging}`] = precision;
    scores[`${prefix}-recall-${averaging}`] = recall;
    scores[`${prefix}-f1-${averaging}`] = f1;
    scores[`${prefix}-accuracy`] = accuracy;
  }
  return scores;
}

function guideScores(truth: Uint8Array, { values, columns: width, kind }: NonNullable<ClipEvidence['guide']>): Record<string, number> {
  const frames = Math.min(truth.length / KEYS, Math.floor(values.length / width));
  const wanted = columns(truth, KEYS, kind.firstKey, kind.firstKey + kind.keys - 1).subarray(0, frames * kind.keys);
  const predicted = columns(values, width, 0, kind.keys - 1).subarray(0, frames * kind.keys);
  const {
    'roll-precision-micro': _,
    'roll-recall-micro': __,
    ...scores
  } = midiScores('roll', ['samples', 'micro'], predicted, wanted, {
    keys: kind.keys,
    predictionThreshold: GUIDED,
  });
  return scores;
}

/** Columns `first` … `last` of rows of `width`. */
function columns(rows: ArrayLike<number>, width: number, first: number, last: number): Float32Array {
  const kept = last - first + 1;
  return Float32Array.from(
    { length: Math.floor(rows.length / width) * kept },
    (_, i) => rows[Math.floor(i / kept) * width + first + (i % kept)] ?? 0,
  );
}

/** Rows of a clip with their rate; undefined if the shard is not there or lacks the clip. */
export const seriesOf = (shard: SequenceShard | undefined, id: string): { values: Float32Array; fps: number } | undefined =>
  shard?.has(id) ? { values: Float32Array.from(shard.read(id)), fps: shard.index.rowsPerSecond } : undefined;

/** Frames of a roll of so many seconds. */
export const rollFrames = (seconds: number): number => Math.round(seconds * ROLL_FRAMES_PER_SECOND);

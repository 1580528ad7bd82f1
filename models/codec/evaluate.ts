import type { Note } from '../../datasets/midi/performance.ts';
import { meanOf } from '../../numeric/statistics.ts';
import type { Tf } from '../backend/index.ts';
import type { Encodec } from '../encoders/encodec/index.ts';
import { logMelDistance } from '../metrics/log-mel.ts';
import { rollScores } from '../metrics/roll-metrics.ts';
import { siSdr } from '../metrics/si-sdr.ts';
import { harmonicTemplates, TRANSCRIBER, transcribe } from '../metrics/transcribe.ts';
import type { Clip } from './data.ts';

export interface ClipFigures {
  readonly id: string;
  readonly kind: Clip['kind'];
  /** Scale-invariant signal-to-distortion ratio of the reconstruction, decibels; absent for silence. */
  readonly siSdr?: number;
  readonly logMelDistance: number;
  /** Of piano clips: frame-level F1 against the notes, heard by the same judge in the original and in the reconstruction. */
  readonly noteF1?: { readonly original: number; readonly reconstruction: number };
}
export interface CodecFigures {
  readonly clips: readonly ClipFigures[];
  readonly piano: MeanFigures;
  readonly sound: MeanFigures;
  /** Deviation over all channels of the latents; the training holds it near 1. */
  readonly latentDeviation: number;
}
export interface MeanFigures {
  readonly clips: number;
  readonly siSdr: number;
  readonly logMelDistance: number;
  readonly noteF1Original?: number;
  readonly noteF1Reconstruction?: number;
}

const KEYS = 88;
const LOWEST_PITCH = 21;

/** Encodes and decodes every clip and compares with the original. The clips must be unseen ones. */
export function evaluateCodec(tf: Tf, model: Encodec, clips: readonly Clip[]): CodecFigures {
  const templates = harmonicTemplates();
  const powers: number[] = [];
  const figures = clips.map(({ id, kind, wave, notes }): ClipFigures => {
    const { output, power } = reconstruct(tf, model, wave);
    powers.push(power);
    const ratio = siSdr(output, wave);
    const f1 = (sound: Float32Array, played: readonly Note[]): number => {
      const { frames, roll } = transcribe(sound, templates);
      return rollScores(roll, noteRoll(played, frames), { keys: KEYS, averaging: 'micro' }).f1;
    };
    return {
      id,
      kind,
      ...(ratio === undefined ? {} : { siSdr: ratio }),
      logMelDistance: logMelDistance(output, wave),
      ...(notes ? { noteF1: { original: f1(wave, notes), reconstruction: f1(output, notes) } } : {}),
    };
  });
  const of = (kind: Clip['kind']): MeanFigures => means(figures.filter((clip) => clip.kind === kind));
  return { clips: figures, piano: of('piano'), sound: of('sound'), latentDeviation: Math.sqrt(meanOf(powers)) };
}

/** The wave through encoder and decoder, cut to its length. */
export function reconstruct(tf: Tf, model: Encodec, wave: Float32Array): { output: Float32Array; power: number } {
  const [decoded, power] = tf.tidy(() => {
    const latents = model.encode(tf.tensor2d(wave, [1, wave.length]));
    return [model.decode(latents), tf.mean(tf.square(latents))];
  });
  const output = Float32Array.from(decoded.dataSync<'float32'>().subarray(0, wave.length));
  const value = power.dataSync()[0] ?? Number.NaN;
  tf.dispose([decoded, power]);
  return { output, power: value };
}

/** Frames [frames, 88] in which a note sounds. */
export function noteRoll(notes: readonly Note[], frames: number): Uint8Array {
  const roll = new Uint8Array(frames * KEYS);
  for (const { pitch, start, end } of notes) {
    const last = Math.min(frames, Math.ceil(end * TRANSCRIBER.frameRate));
    for (let frame = Math.ceil(start * TRANSCRIBER.frameRate); frame < last; frame++) roll[frame * KEYS + pitch - LOWEST_PITCH] = 1;
  }
  return roll;
}

function means(clips: readonly ClipFigures[]): MeanFigures {
  const of = (pick: (clip: ClipFigures) => number | undefined): number => meanOf(clips.map(pick).filter((value) => value !== undefined));
  const judged = clips.some(({ noteF1 }) => noteF1);
  return {
    clips: clips.length,
    siSdr: of((clip) => clip.siSdr),
    logMelDistance: of((clip) => clip.logMelDistance),
    ...(judged
      ? { noteF1Original: of(({ noteF1 }) => noteF1?.original), noteF1Reconstruction: of(({ noteF1 }) => noteF1?.reconstruction) }
      : {}),
  };
}

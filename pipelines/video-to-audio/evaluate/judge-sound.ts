import { levelled } from '../../../datasets/media/level.ts';
import { KEYS } from '../../../datasets/midi/performance.ts';
import { soundAndMotion } from '../../../models/metrics/av-align.ts';
import { logMelDistance } from '../../../models/metrics/log-mel.ts';
import { type RollAveraging, rollScores } from '../../../models/metrics/roll-metrics.ts';
import { spectralSiSdr } from '../../../models/metrics/si-sdr.ts';
import { transcribe } from '../../../models/metrics/transcribe.ts';
import { SAMPLE_RATE } from '../rates.ts';
import { type ClipScores, type MeasureName, measuresOn } from './measured.ts';
import type { Reference } from './references.ts';
import { type StyleJudge, styleLogOdds } from './style-judge.ts';

/** Peak below which a sound counts as silent: levelling it would only bring out noise. */
const AUDIBLE = 1e-3;

export interface Judges {
  readonly style: StyleJudge;
  readonly averaging: RollAveraging;
}
/** Scores of a sound (mono, 24 kHz), and the notes heard in it, [frames, 88], if it is piano. */
export interface Judged {
  readonly scores: ClipScores;
  readonly transcribed?: Uint8Array;
}

/** Judges a sound in the place of a reference's original; it is cut or padded to the same length and levelled to the same peak. */
export function judgeSound(sound: Float32Array, { clip, original, truth, motion }: Reference, { style, averaging }: Judges): Judged {
  const target = levelled(Float32Array.from(original));
  const judged = new Float32Array(original.length);
  const silent = !sound.some((value) => Math.abs(value) >= AUDIBLE);
  if (!silent) judged.set(sound.subarray(0, original.length));
  levelled(judged);

  const found: Partial<Record<MeasureName, number | undefined>> = {
    'si-sdr-magnitude': spectralSiSdr(judged, target),
    'log-mel-distance': logMelDistance(judged, target),
    'style-log-odds': silent || clip.set !== 'piano' ? undefined : styleLogOdds(style, judged),
  };
  let transcribed: Uint8Array | undefined;
  if (truth !== undefined) {
    transcribed = transcribe(judged).roll.slice(0, truth.length);
    const { precision, recall, f1, accuracy } = rollScores(transcribed, truth, { keys: KEYS, averaging });
    found['midi-f1'] = f1;
    found['midi-precision'] = precision;
    found['midi-recall'] = recall;
    found['midi-accuracy'] = accuracy;
    found['midi-f1-micro'] = rollScores(transcribed, truth, { keys: KEYS, averaging: 'micro' }).f1;
  }
  if (motion !== undefined && clip.set === 'events') {
    const { avAlign, correlation } = soundAndMotion(judged, SAMPLE_RATE, motion.values, motion.fps);
    found['av-align-frame-difference'] = avAlign;
    found['onset-motion-correlation'] = correlation;
  }
  const scores = Object.fromEntries(measuresOn(clip.set).flatMap((name) => (found[name] === undefined ? [] : [[name, found[name]]])));
  return { scores: { id: clip.id, set: clip.set, silent, scores }, ...(transcribed && { transcribed }) };
}

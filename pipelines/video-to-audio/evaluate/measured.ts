import type { SetName } from '../tasks.ts';

/** What is measured of every clip of a set; a mean over clips, with an interval, is its figure. */
interface Measured {
  readonly sets: readonly SetName[];
  readonly better: 'lower' | 'higher';
  readonly unit?: string;
  readonly note: string;
}

const everywhere = ['piano', 'events', 'sounds'] as const;
const midi = { sets: ['piano'], better: 'higher' } as const;

/** Sounds are levelled to the same peak before they are compared. */
const measured = {
  'midi-f1': { ...midi, note: 'transcribed sound against the MIDI file, by frames' },
  'midi-precision': { ...midi, note: 'as midi-f1' },
  'midi-recall': { ...midi, note: 'as midi-f1' },
  'midi-accuracy': { ...midi, note: 'mean over frames of TP/(TP+FP+FN)' },
  'midi-f1-micro': { ...midi, note: 'all cells of a clip counted together' },
  'si-sdr-magnitude': {
    sets: everywhere,
    better: 'higher',
    unit: 'dB',
    note: 'of STFT magnitudes (Hann 1024/256) to the original, at most 80; silence has none',
  },
  'log-mel-distance': { sets: everywhere, better: 'lower', unit: 'nepers', note: 'to the original' },
  'style-log-odds': {
    sets: ['piano'],
    better: 'higher',
    note: 'how much more the sound is like the preferred pianist’s; silence has none',
  },
  'av-align-frame-difference': { sets: ['events'], better: 'higher', note: 'AV-align with frame differences in the place of optical flow' },
  'onset-motion-correlation': { sets: ['events'], better: 'higher', note: 'largest within two video frames' },
} as const satisfies Readonly<Record<string, Measured>>;
export type MeasureName = keyof typeof measured;
export const MEASURED: Readonly<Record<MeasureName, Measured>> = measured;

export const SETS = everywhere;
export const measureNames = Object.keys(measured) as MeasureName[];
/** What is measured of a set, in the order in which it is shown. */
export const measuresOn = (set: SetName): MeasureName[] => measureNames.filter((name) => MEASURED[name].sets.includes(set));

/** Scores of one clip; what cannot be had (SI-SDR of silence) is left out. */
export interface ClipScores {
  readonly id: string;
  readonly set: SetName;
  /** Quieter than −60 dB below full scale throughout: judged as silence. */
  readonly silent: boolean;
  readonly scores: Readonly<Partial<Record<MeasureName, number>>>;
}

/** The values of one measure on the clips of a set. */
export const valuesOf = (clips: readonly ClipScores[], set: SetName, name: MeasureName): number[] =>
  clips.flatMap((clip) => (clip.set === set ? (clip.scores[name] ?? []) : []));

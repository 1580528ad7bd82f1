import type { MeasureName } from './measured.ts';

/** A row of the method's paper (arXiv 2503.22200), as it was printed there or on its authors' page (acappemin.github.io/Video-to-Audio-and-Piano.github.io, May 2025). */
export interface ReportedRow {
  readonly system: string;
  readonly values: Readonly<Partial<Record<MeasureName | 'mos-melody' | 'mos-smoothness', number>>>;
}
export interface ReportedTable {
  readonly id: ReportedTableId;
  readonly title: string;
  /** By what its protocol differs from, or leaves open against, the one of a run. */
  readonly differs: string;
  readonly rows: readonly ReportedRow[];
  /** Systems of the table whose figures are not at hand. */
  readonly absent?: readonly string[];
}
export const REPORTED_TABLES = ['vggsound', 'audiocaps', 'pianoyt-2h', 'piano-10h'] as const;
export type ReportedTableId = (typeof REPORTED_TABLES)[number];

const quality = (fad: number, fd: number, kl: number, is: number): ReportedRow['values'] => ({
  'frechet-vggish': fad,
  'frechet-pann': fd,
  'kl-pann': kl,
  'inception-score-pann': is,
});
const sound = (fad: number, fd: number, kl: number, is: number, clip: number, av: number): ReportedRow['values'] => ({
  ...quality(fad, fd, kl, is),
  'clip-score-wav2clip': clip,
  'av-align': av,
});
const midi = (precision: number, recall: number, accuracy: number, f1: number): ReportedRow['values'] => ({
  'midi-precision-weighted': precision,
  'midi-recall-weighted': recall,
  'midi-accuracy': accuracy,
  'midi-f1-weighted': f1,
});

const OPEN_SI_SDR =
  'The domain of its SI-SDR is not said; magnitudes fit the size of its figures. MIDI scores fit an average weighted by keys, over keys 15 to 65.';

/** Scores of the one roll that all of a table's systems are asked for: they stand there once, across the rows. */
const PIANOYT_MIDI = midi(0.65, 0.7, 0.51, 0.6);

/** The paper's Tables 2 to 5, a row a system; the base model counts twice, without and with text. */
export const REPORTED: readonly ReportedTable[] = [
  {
    id: 'vggsound',
    title: 'Table 2, VGGSound test',
    differs:
      'Some 15,000 clips; resampler, clip length and level are not said, nor which CLIP model and which size of frames for AV-align. Figures with * its authors made with the released models under their own protocol; the others of MMAudio are taken over from its paper.',
    rows: [
      { system: 'Diff-Foley *', values: sound(6.05, 23.38, 3.18, 10.95, 9.4, 0.21) },
      { system: 'FoleyCrafter, without text *', values: sound(2.38, 26.7, 2.53, 9.66, 15.57, 0.25) },
      { system: 'FoleyCrafter, with text *', values: sound(2.59, 20.88, 2.28, 13.6, 14.8, 0.24) },
      { system: 'V2A-Mapper *', values: sound(0.82, 13.47, 2.67, 10.53, 15.33, 0.14) },
      { system: 'Frieren *', values: sound(1.36, 12.48, 2.75, 12.34, 11.57, 0.21) },
      { system: 'MMAudio-S, 16 kHz', values: quality(0.79, 5.22, 1.65, 14.44) },
      { system: 'MMAudio-S, 44.1 kHz', values: quality(1.66, 5.55, 1.67, 18.02) },
      { system: 'MMAudio-M, 44.1 kHz', values: quality(1.13, 4.74, 1.66, 17.41) },
      { system: 'MMAudio-L, 44.1 kHz (CLIP and AV *)', values: sound(0.97, 4.72, 1.65, 17.4, 16.12, 0.22) },
      { system: 'base, without text', values: sound(0.8, 8.66, 2.22, 12.08, 16.14, 0.25) },
      { system: 'base, with text', values: sound(0.78, 6.28, 1.73, 14.02, 16.86, 0.25) },
      { system: 'piano stage (PianoYT-2h)', values: sound(0.83, 6.97, 1.74, 13.99, 16.49, 0.23) },
      { system: 'contrastive', values: sound(0.75, 6.42, 1.7, 14.72, 17.09, 0.24) },
      { system: 'FactorCL', values: sound(0.74, 5.69, 1.69, 14.63, 17.7, 0.24) },
    ],
  },
  {
    id: 'audiocaps',
    title: 'Table 3, AudioCaps test, text to audio',
    differs: 'Follows GenAU; the version of CLAP is not said.',
    absent: ['AudioLDM 2', 'TANGO', 'TANGO 2', 'Make-An-Audio', 'Make-An-Audio 2', 'GenAU'],
    rows: [
      {
        system: 'base',
        values: { 'frechet-vggish': 1.48, 'frechet-pann': 18.1, 'inception-score-pann': 9.65, clap: 0.334 },
      },
    ],
  },
  {
    id: 'pianoyt-2h',
    title: 'Table 4, PianoYT-2h test',
    differs: `76 cuts of ten seconds from three videos. MIDI scores stand once for all three rows. ${OPEN_SI_SDR}`,
    rows: [
      { system: 'Audeo', values: { 'si-sdr-magnitude': 1.98, ...PIANOYT_MIDI, 'mos-melody': 2.63, 'mos-smoothness': 3.25 } },
      { system: 'without guidance', values: { 'si-sdr-magnitude': -2.26, ...PIANOYT_MIDI, 'mos-melody': 1.68, 'mos-smoothness': 3.29 } },
      { system: 'guided by the roll', values: { 'si-sdr-magnitude': 3.35, ...PIANOYT_MIDI, 'mos-melody': 3.44, 'mos-smoothness': 3.54 } },
    ],
  },
  {
    id: 'piano-10h',
    title: 'Table 5, Piano-10h test',
    differs: `The set is not public. ${OPEN_SI_SDR}`,
    rows: [
      {
        system: 'binary roll',
        values: { 'si-sdr-magnitude': 2.22, ...midi(0.41, 0.47, 0.31, 0.37), 'mos-melody': 3.18, 'mos-smoothness': 2.96 },
      },
      { system: 'velocity roll', values: { 'si-sdr-magnitude': 3.06 } },
      { system: 'velocity roll, preferences', values: { 'si-sdr-magnitude': 3.21, 'mos-melody': 3.52, 'mos-smoothness': 3.32 } },
    ],
  },
];

import type { SetName } from '../tasks.ts';
import type { MeasureName } from './measured.ts';

/** What is compared, in the order in which it is shown; `audeo` is the baseline, before what the paper's Table 4 sets beside it. */
export const ARMS = [
  'text',
  'base',
  'textless',
  'continued',
  'contrastive',
  'factor',
  'audeo',
  'unguided',
  'binary',
  'velocity',
  'preferred',
] as const;
export type Arm = (typeof ARMS)[number];

export type Comparison = readonly [arm: Arm, against: Arm];
export interface Claim {
  readonly claim: string;
  readonly comparisons: readonly Comparison[];
  readonly set: SetName;
  /** The first decides; it was fixed before any run. */
  readonly measures: readonly [MeasureName, ...MeasureName[]];
  /** What is known of why it may not show at the demo's size; told only then. */
  readonly reason?: string;
}

/** What the method's paper claims and this pipeline can test. */
export const CLAIMS: readonly Claim[] = [
  {
    claim: 'Guidance by the roll beats none',
    comparisons: [['velocity', 'unguided']],
    set: 'piano',
    measures: ['si-sdr-magnitude', 'midi-f1'],
  },
  {
    claim: 'A velocity roll beats a binary one',
    comparisons: [['velocity', 'binary']],
    set: 'piano',
    measures: ['si-sdr-magnitude', 'midi-f1'],
    reason: 'the model hardly uses loudness, as its flow loss with all notes at one loudness says',
  },
  {
    claim: 'Preference optimisation moves towards the preferred pianist',
    comparisons: [['preferred', 'velocity']],
    set: 'piano',
    measures: ['style-log-odds'],
  },
  {
    claim: 'Contrastive training raises agreement with the video',
    comparisons: [
      ['contrastive', 'continued'],
      ['factor', 'continued'],
    ],
    set: 'events',
    measures: ['av-align-frame-difference', 'onset-motion-correlation'],
    reason:
      'the loss moves only what lies before the first block of sound, and as many steps without it (continued − base) raise agreement as much',
  },
];
/**
 * The paper's Table 2 has its base model twice, with captions and, here `textless`, without. `continued` shows what the steps of a contrastive stage do without its loss. The baseline sees the same roll as `binary`; no claim is made of it:
 * its synthesiser is the one that made the recordings.
 */
export const COMPARISONS: readonly Comparison[] = [
  ...CLAIMS.flatMap(({ comparisons }) => comparisons),
  ['base', 'textless'],
  ['continued', 'base'],
  ['contrastive', 'base'],
  ['factor', 'base'],
  ['binary', 'audeo'],
];

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Run } from '../../../engine/define/task.ts';
import { type Ablation, ablationTables } from './ablation.ts';
import { ARMS } from './arms.ts';
import { judgeClaims } from './claims.ts';
import type { MeasureName } from './measured.ts';
import { referenceClips } from './references.ts';
import { showClips } from './show-clips.ts';
import { isReliable as isStyleReliable, type StyleJudge } from './style-judge.ts';
import type { compareArms as declaration, RollUse } from './tasks.ts';

export const compareArms: Run<typeof declaration> = async ({ inputs, params: { seed, resamples, shown }, context }) => {
  const { references, style, limits, rollUse } = inputs;
  const all = [...limits, ...ARMS.map((arm) => inputs[arm])];
  const isReliable = (name: MeasureName) => name !== 'style-log-odds' || isStyleReliable(style);
  const ablation: Ablation = { evaluations: new Map(all.map((one) => [one.arm, one])), seed, resamples, isReliable };
  const { sentences, measures } = judgeClaims(ablation);

  const exhibits = join(context.workDirectory, 'exhibits');
  await mkdir(exhibits);
  const clips = await referenceClips(references);
  const heard = all.filter(({ arm }) => arm !== 'another clip');
  const groups = await showClips(context, exhibits, references, clips, heard, shown, isReliable);
  const tables = [
    { title: 'What this run shows', columns: ['claim'], rows: sentences.map((sentence) => [sentence]) },
    ...ablationTables(ablation),
  ];
  await writeFile(
    join(exhibits, 'exhibits.json'),
    JSON.stringify({ title: 'The trainings side by side', note: noteOf(style, rollUse, resamples), groups, tables }),
  );
  return { measures, exhibits };
};

/** How the figures came about; the report's reader has nothing else. */
function noteOf(style: StyleJudge, rollUse: RollUse | null, resamples: number): string {
  const part = (value: number) => `${Math.round(100 * value)} %`;
  return [
    'Clips that no training saw. "Reconstructed" is the original through the codec, the best that can be generated; "another clip" is the original of another clip, what a sound scores that has nothing to do with this one.',
    `Intervals are bootstrapped over clips (${resamples} draws); stretches of one piece count as clips of their own. A claim counts as shown if the interval of its first measure lies on one side of zero; which measure that is was fixed beforehand.`,
    `The style judge names ${style.windows.heldOut} stretches of held-out pieces rightly in ${part(style.accuracy.original)} of originals, ${part(style.accuracy.reconstructed)} of reconstructions and ${part(style.accuracy.noisy)} of noisy ones${isStyleReliable(style) ? '' : ', too few for its figure to mean anything'}.`,
    'The baseline audeo is played by the synthesiser that made the recordings, on a third instrument and at one loudness: an easier task than to generate sound, and its style is the synthesiser’s.',
    ...(rollUse ? [whatTheRollTells(rollUse)] : []),
    'AV-align works with frame differences instead of optical flow, and the transcriber is untrained: their figures are comparable only with each other.',
  ].join(' ');
}

/** Why a guided arm gains, or gains nothing: what it does not take from its roll cannot show in its sound. */
function whatTheRollTells(use: RollUse): string {
  const order = ['its own notes', 'its notes at one loudness', 'another clip’s notes', 'no notes'] as const; // stored JSON has its own
  const losses = order.map((told) => `${told} ${use[told].toFixed(4)}`);
  return `How much of the roll the velocity model uses, as its flow loss on held-out piano (lower is better) when the roll tells: ${losses.join(', ')}.`;
}

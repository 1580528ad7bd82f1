import { readFile } from 'node:fs/promises';
import type { SequenceShard } from '../../../datasets/features/sequence-shard.ts';
import type { StoredTree } from '../../../engine/define/ports.ts';
import type { Run, TaskContext } from '../../../engine/define/task.ts';
import { openLedger } from '../../../engine/ledger/ledger.ts';
import { pathOf } from '../../stored-folder.ts';
import type { GuideKind } from '../../video-to-audio/evaluate/roll-file.ts';
import { MEASURED, type MeasureName, measureNames, measuresOf, type NotComputed } from '../measured.ts';
import type { judgeSystem as declaration, Judged, Original } from '../tasks.ts';
import { readOriginals } from './hear.ts';
import { type HeardFiles, openHeard, openShards } from './heard-files.ts';
import { type ClipEvidence, scoreClip, seriesOf } from './score-clip.ts';
import { setFigures } from './set-figures.ts';

export const judgeSystem: Run<typeof declaration> = async ({ inputs, params: { protocol }, item, context }) => {
  const tree = await context.openTree(item.artifact);
  const [own, reference, truth] = [await openHeard(tree), await openHeard(inputs.reference), openShards(inputs.originals)];
  const { clips: originals } = await readOriginals(inputs.originals);
  const kind = await guideKind(tree);
  const paired = new Set(reference.heard.clips.map(({ id }) => id));
  const ids = own.heard.clips.map(({ id }) => id).filter((id) => paired.has(id));
  const clips: Judged['clips'][number][] = [];
  const strangers = [
    ...otherSpace('clip-score-wav2clip', own.shard('wav2clip'), truth.shard('clip')),
    ...otherSpace('clap', own.shard('clap'), truth.shard('captions')),
  ];
  const meets = (measure: MeasureName) => !strangers.some((one) => one.measure === measure);
  for (const [index, id] of ids.entries()) {
    context.signal.throwIfAborted();
    const pair = (name: string, theirs: { shard: HeardFiles['shard'] }, other: string) => {
      const [made, real] = [seriesOf(own.shard(name), id), seriesOf(theirs.shard(other), id)];
      return made && real && { own: made.values, original: real.values };
    };
    const guide = kind && seriesOf(own.shard('guide'), id);
    const evidence: ClipEvidence = {
      sound: await own.sound(id),
      original: await reference.sound(id),
      ...optional('classes', pair('pann-classes', reference, 'pann-classes')),
      ...optional('seen', meets('clip-score-wav2clip') ? pair('wav2clip', truth, 'clip') : undefined),
      ...optional('told', meets('clap') ? pair('clap', truth, 'captions') : undefined),
      ...optional('flow', seriesOf(truth.shard('flow'), id)),
      ...optional('difference', seriesOf(truth.shard('difference'), id)),
      ...optional('truth', bytesOf(truth.shard('truth'), id)),
      ...optional('transcribed', bytesOf(own.shard('transcribed'), id)),
      ...(kind && guide && { guide: { values: guide.values, columns: own.shard('guide')?.index.width ?? 0, kind } }),
    };
    clips.push({ id, scores: scoreClip(evidence, protocol) });
    context.progress({ step: index + 1, of: ids.length, clip: id });
  }
  const { figures, notComputed } = setFigures(own, reference, ids);
  for (const one of [own, reference, truth]) one.close();
  const known = [...own.heard.notComputed, ...notComputed, ...strangers];
  const lacking = [...known, ...withoutTruth(originals, kind !== undefined, known)];
  const judged: Judged = { system: item.id, clips, set: figures, notComputed: [...lacking, ...withoutValue(clips, lacking)] };
  await record(context, judged, item.artifact.digest, inputs.originals.artifact.digest);
  return { judged };
};

/** Who makes the embeddings of sounds and of what they are compared with; both were trained to meet each other. */
const SPACES = {
  'clip-score-wav2clip': { names: ['Wav2CLIP', 'CLIP'], wayOut: 'the CLIP that Wav2CLIP was trained with: ViT-B/32' },
  clap: { names: ['CLAP', 'the network of captions'], wayOut: 'sounds and captions by one CLAP' },
} as const;

/** Embeddings of another network cannot be compared. */
function otherSpace(measure: keyof typeof SPACES, sounds: SequenceShard | undefined, others: SequenceShard | undefined): NotComputed[] {
  const [heard, met] = [sounds?.index.width, others?.index.width];
  if (heard === undefined || met === undefined || heard === met) return [];
  const { names, wayOut } = SPACES[measure];
  return [{ measure, reason: `${names[0]} gives ${heard} values, and ${names[1]} ${met}`, wayOut }];
}

const optional = <Name extends string, T>(name: Name, value: T | undefined) =>
  (value === undefined ? {} : { [name]: value }) as { readonly [K in Name]?: T };
const bytesOf = (shard: ReturnType<ReturnType<typeof openShards>['shard']>, id: string): Uint8Array | undefined =>
  shard?.has(id) ? Uint8Array.from(shard.read(id)) : undefined;

async function guideKind(tree: StoredTree): Promise<GuideKind | undefined> {
  if (!tree.files.has('guide-kind.json')) return undefined;
  return JSON.parse(await readFile(pathOf(tree, 'guide-kind.json'), 'utf8'));
}

/** What none of the originals brings along, and rolls where the system has none. */
function withoutTruth(originals: readonly Original[], hasGuide: boolean, absent: readonly NotComputed[]): NotComputed[] {
  const has = {
    notes: originals.some(({ hasNotes }) => hasNotes),
    film: originals.some(({ hasFilm }) => hasFilm),
  };
  const names = new Set(absent.map(({ measure }) => measure));
  return measureNames.flatMap((measure): NotComputed[] => {
    const { truth } = MEASURED[measure];
    if (truth === undefined || names.has(measure)) return [];
    if (!has[truth])
      return [{ measure, reason: `no original has ${TRUTHS[truth][0]}`, wayOut: `${TRUTHS[truth][1]} beside the originals` }];
    const isRoll = measure.startsWith('roll-');
    return isRoll && !hasGuide
      ? [{ measure, reason: 'the system brings no roll that guided it', wayOut: 'judge the output of a sampling node' }]
      : [];
  });
}
/** What no clip has a value of, for whatever other reason. */
function withoutValue(clips: Judged['clips'], listed: readonly NotComputed[]): NotComputed[] {
  const names = new Set(listed.map(({ measure }) => measure));
  return measuresOf('clip')
    .filter((measure) => !names.has(measure) && !clips.some(({ scores }) => scores[measure] !== undefined))
    .map((measure) => ({ measure, reason: 'no clip has a value', wayOut: 'see what was left out' }));
}
const TRUTHS = { notes: ['notes', '<clip>.mid'], film: ['a film', '<clip>.mp4'] } as const;

/** Every score as a row, so that `sostenuto sql` reads them; the same sounds judged again replace theirs. */
async function record(context: TaskContext, { system, clips }: Judged, sounds: string, originals: string): Promise<void> {
  const ledger = openLedger(context.home);
  const at = new Date().toISOString();
  const rows = clips.flatMap(({ id, scores }) =>
    Object.entries(scores).map(([measure, value]) => ({ system, sounds, originals, clip: id, measure, value, at })),
  );
  ledger.append('scores', rows);
  await ledger.close();
}

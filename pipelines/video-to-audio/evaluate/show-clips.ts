import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { StoredTree } from '../../../engine/define/ports.ts';
import type { TaskContext } from '../../../engine/define/task.ts';
import { pathOf } from '../../stored-folder.ts';
import { LATENT_RATE } from '../rates.ts';
import type { SoundGroup, SoundItem } from './exhibited-sounds.ts';
import { type MeasureName, SETS } from './measured.ts';
import { guideFile, type RollFile, rollFile } from './roll-file.ts';
import type { Evaluation, ReferenceClip } from './tasks.ts';

/** The measures that stand below a sound. */
const BESIDE: readonly MeasureName[] = [
  'midi-f1',
  'si-sdr-magnitude',
  'log-mel-distance',
  'style-log-odds',
  'av-align-frame-difference',
  'onset-motion-correlation',
];

/** Lays out the first `perSet` clips of each set in all their versions: sounds, and for piano what was played, what guided, what was heard. */
export async function showClips(
  context: TaskContext,
  directory: string,
  references: StoredTree,
  clips: readonly ReferenceClip[],
  evaluations: readonly Evaluation[],
  perSet: number,
  isReliable: (name: MeasureName) => boolean,
): Promise<SoundGroup[]> {
  const save = async (name: string, write: (path: string) => Promise<void>): Promise<string> => {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await write(join(directory, name));
    return name;
  };
  const saveRoll = (name: string, roll: RollFile) => save(name, (path) => writeFile(path, JSON.stringify(roll)));
  const shown = SETS.flatMap((set) => clips.filter((clip) => clip.set === set).slice(0, perSet));
  const groups: SoundGroup[] = [];
  for (const clip of shown) {
    const { id } = clip;
    const played = rollFile(references, 'truth', id, 127);
    const truth = played && (await saveRoll(`${id}/played.json`, played));
    const items: SoundItem[] = [];
    for (const { arm, clips: judged, sounds, transcribed } of evaluations) {
      const scores = judged.find((one) => one.id === id)?.scores;
      if (scores === undefined) continue;
      const tree = await context.openTree(sounds.tree);
      const guide = await guideFile(tree, id);
      const heard = truth && rollFile(await context.openTree(transcribed), 'transcribed', id, 1);
      const rolls = [
        ...(truth !== undefined && arm === 'original' ? [{ title: 'played', roll: truth }] : []),
        ...(guide ? [{ title: `guide, ${guide.kind}`, roll: await saveRoll(`${id}/${arm}-guide.json`, guide.roll) }] : []),
        ...(heard ? [{ title: 'heard', roll: await saveRoll(`${id}/${arm}-heard.json`, heard), against: truth }] : []),
      ];
      const audio = await save(`${id}/${arm}.wav`, (path) => copyFile(pathOf(tree, `${sounds.folder}/${id}.wav`), path));
      const numbers = Object.fromEntries(
        BESIDE.filter(isReliable).flatMap((name) => (scores[name] === undefined ? [] : [[name, scores[name]]])),
      );
      items.push({ title: arm, audio, numbers, rolls });
    }
    groups.push({ title: titleOf(clip), items });
  }
  return groups;
}

const titleOf = ({ caption, pianist, from }: ReferenceClip): string =>
  [caption, ...(pianist === undefined ? [] : [`pianist ${pianist}`]), ...(from === 0 ? [] : [`from ${from / LATENT_RATE} s`])].join(' · ');

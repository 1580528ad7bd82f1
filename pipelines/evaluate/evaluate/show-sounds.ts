import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeWav } from '../../../datasets/media/wav.ts';
import type { StoredTree } from '../../../engine/define/ports.ts';
import type { SoundGroup, SoundItem } from '../../video-to-audio/evaluate/exhibited-sounds.ts';
import { guideFile, type RollFile, rollFile } from '../../video-to-audio/evaluate/roll-file.ts';
import type { MeasureName } from '../measured.ts';
import type { Judged } from '../tasks.ts';
import type { HeardFiles } from './heard-files.ts';

type Version = Pick<HeardFiles, 'heard' | 'sound'> & { readonly tree: StoredTree };

/** The measures that stand below a sound; tables have the others. */
const BESIDE: readonly MeasureName[] = [
  'si-sdr-magnitude',
  'log-mel-distance',
  'kl-pann',
  'clip-score-wav2clip',
  'clap',
  'av-align',
  'midi-f1-weighted',
];

/**
 * Lays out clips with what every version made of them: the sound as it was judged, and of clips with notes the rolls of what was played, of
 * what guided, and of what was heard.
 *
 * @param originals the tree of `describeOriginals`
 * @param versions of `hearOriginals` and `hearSystem`, with their trees
 */
export async function showSounds(
  directory: string,
  clips: readonly { readonly id: string; readonly caption?: string }[],
  originals: StoredTree,
  versions: readonly Version[],
  systems: readonly Judged[],
  sampleRate: number,
): Promise<SoundGroup[]> {
  const save = async (name: string, content: Uint8Array | string): Promise<string> => {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), content);
    return name;
  };
  const saveRoll = (name: string, roll: RollFile) => save(name, JSON.stringify(roll));
  const groups: SoundGroup[] = [];
  for (const { id, caption } of clips) {
    const played = rollIn(originals, 'truth', id, 127);
    const truth = played && (await saveRoll(`played/${id}.json`, played));
    const items: SoundItem[] = [];
    for (const [index, { tree, heard: report, sound }] of versions.entries()) {
      const { system } = report;
      if (!report.clips.some((clip) => clip.id === id)) continue;
      const samples = await sound(id);
      const scores = systems.find((one) => one.system === system)?.clips.find((clip) => clip.id === id)?.scores ?? {};
      const guide = await guideFile(tree, id);
      const heard = truth === undefined ? undefined : rollIn(tree, 'transcribed', id, 1);
      items.push({
        title: system,
        audio: await save(`${index}/${id}.wav`, writeWav(samples, sampleRate)),
        numbers: Object.fromEntries(BESIDE.flatMap((name) => (scores[name] === undefined ? [] : [[name, scores[name]]]))),
        rolls: [
          ...(truth !== undefined && index === 0 ? [{ title: 'played', roll: truth }] : []),
          ...(guide ? [{ title: `guide, ${guide.kind}`, roll: await saveRoll(`${index}/${id}-guide.json`, guide.roll) }] : []),
          ...(truth !== undefined && heard
            ? [{ title: 'heard', roll: await saveRoll(`${index}/${id}-heard.json`, heard), against: truth }]
            : []),
        ],
      });
    }
    groups.push({ title: caption ?? id, items });
  }
  return groups;
}

const rollIn = (tree: StoredTree, name: string, id: string, loudest: number): RollFile | undefined =>
  tree.files.has(`${name}.arrow`) ? rollFile(tree, name, id, loudest) : undefined;

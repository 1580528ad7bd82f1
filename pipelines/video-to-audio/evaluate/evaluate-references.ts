import type { Run } from '../../../engine/define/task.ts';
import { judgeVersion } from './judge-version.ts';
import { referenceClips, soundIn } from './references.ts';
import type { evaluateReferences as declaration, Evaluation, ReferenceClip } from './tasks.ts';

export const evaluateReferences: Run<typeof declaration> = async ({ inputs: { references, style }, params: { averaging }, context }) => {
  const clips = await referenceClips(references);
  /** Whose original stands for the clip's: the next one of the same set from another source, or of the same one if there is no other. */
  const another = (clip: ReferenceClip): string => {
    const set = clips.filter((one) => one.set === clip.set);
    const later = [...set.slice(set.indexOf(clip) + 1), ...set];
    return (later.find(({ source }) => source !== clip.source) ?? later[0] ?? clip).id;
  };
  const versions = [
    { arm: 'original', folder: 'original', source: ({ id }: ReferenceClip) => id },
    { arm: 'reconstructed', folder: 'reconstructed', source: ({ id }: ReferenceClip) => id },
    { arm: 'another clip', folder: 'original', source: another },
  ];
  const evaluations: Evaluation[] = [];
  for (const { arm, folder, source } of versions) {
    const judged = await judgeVersion(context, folder === arm ? arm : 'another', clips, references, { style, averaging }, (clip) =>
      soundIn(references, `${folder}/${source(clip)}.wav`),
    );
    evaluations.push({ arm, ...judged, frechet: {}, sounds: { tree: references.artifact, folder } });
  }
  return { evaluations };
};

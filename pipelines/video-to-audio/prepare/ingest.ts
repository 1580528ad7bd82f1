import { join } from 'node:path';
import { shardsOf } from '../../../datasets/features/sharding.ts';
import { readManifest } from '../../../datasets/sources/manifest.ts';
import type { Quarantined } from '../../../engine/define/pipeline.ts';
import type { StoredTree } from '../../../engine/define/ports.ts';
import type { Run, TaskContext } from '../../../engine/define/task.ts';
import { describeProblem, SostenutoError } from '../../../errors/problem.ts';
import { folderOf, pathOf } from '../../stored-folder.ts';
import type { Clip, ingest as declaration, SetName } from '../tasks.ts';

/** Clips of all manifests in shards by id; rows that cannot be used are set apart with their reasons. */
export const ingest: Run<typeof declaration> = async ({ inputs, params, context }) => {
  const clips: Clip[] = [];
  const refused: Quarantined[] = [];
  for (const set of ['sounds', 'events', 'piano'] as const) {
    const found = await clipsOf(set, inputs[set], context);
    clips.push(...found.clips);
    refused.push(...found.refused);
  }
  for (const { id, reason } of refused) context.warn(`${id} is left out: ${reason}`);
  if (refused.length > params.maxFailures) {
    throw new SostenutoError({
      code: 'TOO_MANY_FAILURES',
      what: `${refused.length} rows of the manifests cannot be used`,
      where: 'maxFailures',
      found: refused
        .slice(0, 5)
        .map(({ reason }) => reason)
        .join('; '),
      expected: `at most ${params.maxFailures}`,
      hint: 'mend or remove the rows, or allow more with --set maxFailures=…',
    });
  }
  return { shards: shardsOf(clips, params.shards), refused };
};

async function clipsOf(set: SetName, files: StoredTree, context: TaskContext): Promise<{ clips: Clip[]; refused: Quarantined[] }> {
  const folder = await folderOf(context, files, set);
  const { rows, problems } = await readManifest(join(folder, 'manifest.jsonl'), { locate: (path) => files.files.get(path) });
  const clips: Clip[] = [];
  const put = (path: string) => context.putFile(pathOf(files, path));
  for (const { id, split, caption, media, midi, views, label, piece, pianist } of rows) {
    const filmed = await Promise.all(Object.entries(views ?? {}).map(async ([view, path]) => [view, await put(path)] as const));
    clips.push({
      id,
      set,
      split,
      caption,
      media: await put(media),
      ...(midi !== undefined && { midi: await put(midi) }),
      ...(views && { views: Object.fromEntries(filmed) }),
      ...(label !== undefined && { label }),
      ...(piece !== undefined && { piece }),
      ...(pianist !== undefined && { pianist }),
    });
  }
  return {
    clips,
    refused: problems.map((problem) => ({ id: `${set} ${problem.where?.split(':').at(-1) ?? ''}`, reason: describeProblem(problem) })),
  };
}

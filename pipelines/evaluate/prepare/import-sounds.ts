import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Run, TaskContext } from '../../../engine/define/task.ts';
import { filesOf, isWanted, type Source } from '../sources.ts';
import type * as declarations from '../tasks.ts';

export const importReferences: Run<typeof declarations.importReferences> = async ({ params, context }) => ({
  references: await take(context, params.source, 'references'),
});

export const importSystems: Run<typeof declarations.importSystems> = async ({ params, context }) => {
  const systems = [];
  for (const [index, { id, source }] of params.systems.entries()) {
    systems.push({ id, sounds: await context.putTree(await take(context, source, `system-${index}`)) });
    context.progress({ step: index + 1, of: params.systems.length, system: id });
  }
  return { systems };
};

export const takeReferences: Run<typeof declarations.takeReferences> = async ({ inputs, context }) => ({
  references: await take(context, { digest: inputs.references.artifact.digest }, 'references'),
});

export const addSampled: Run<typeof declarations.addSampled> = async ({ inputs, params, context }) => {
  const sounds = await context.putTree(await take(context, { digest: inputs.generated.artifact.digest }, 'sampled'));
  return { systems: [...inputs.systems, { id: params.id, sounds }] };
};

/** Copies sounds and what belongs to them, so that they stay as they were judged for as long as the run is kept. */
async function take(context: TaskContext, source: Source, name: string): Promise<string> {
  const files =
    'digest' in source
      ? [...(await context.openTree({ form: 'tree', digest: source.digest, bytes: 0 })).files]
      : filesOf(source.folder).map((file): [string, string] => [file, join(source.folder, file)]);
  const folder = join(context.workDirectory, name);
  await mkdir(folder, { recursive: true });
  for (const [file, path] of files.filter(([file]) => isWanted(file))) {
    context.signal.throwIfAborted();
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await copyFile(path, join(folder, file));
  }
  return folder;
}

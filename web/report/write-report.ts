import { randomUUID } from 'node:crypto';
import { copyFile, link, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SostenutoError } from '../../errors/problem.ts';
import { addRolls } from './add-rolls.ts';
import { addSpectrograms, type Media } from './add-spectrograms.ts';
import type { Exhibited, ReportModel } from './model.ts';
import { renderReport } from './page.ts';

/** File beside the page that holds its model: for scripts, and for the list of reports. */
export const modelFile = 'report.json';

/** Writes a run's report; see `writePage`. */
export const writeReport = (model: ReportModel, mediaSources: ReadonlyMap<string, string>, directory: string): Promise<string> =>
  writePage(model, mediaSources, directory, renderReport);

/**
 * Writes `index.html`, `report.json` and `media/` into `directory`, which appears whole or not at all; an older report there is
 * replaced. Returns the path of the page.
 * @param mediaSources name below `media/` → path of the file, which is linked, or copied where links are impossible
 * Throws `BAD_MEDIA_NAME` for a name that would leave `media/`.
 */
export async function writePage<Model extends Exhibited>(
  model: Model,
  mediaSources: ReadonlyMap<string, string>,
  directory: string,
  render: (model: Model) => string,
): Promise<string> {
  const target = resolve(directory);
  await mkdir(dirname(target), { recursive: true });
  const unique = randomUUID().slice(0, 8);
  const fresh = `${target}.tmp-${unique}`;
  const old = `${target}.old-${unique}`;
  try {
    await mkdir(join(fresh, 'media'), { recursive: true });
    for (const [name, source] of mediaSources) await place(source, mediaPath(fresh, name));
    const media: Media = {
      read: async (name) => await readFile(mediaPath(fresh, name)),
      write: async (name, bytes) => await writeFile(mediaPath(fresh, name), bytes),
    };
    const complete = await addRolls(await addSpectrograms(model, media), media);
    await writeSynced(join(fresh, modelFile), `${JSON.stringify(complete)}\n`);
    await writeSynced(join(fresh, 'index.html'), render(complete));
    const replaced = await rename(target, old).then(
      () => true,
      (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? false : Promise.reject(error)),
    );
    await rename(fresh, target).catch(async (error) => {
      if (replaced) await rename(old, target);
      throw error;
    });
    return join(target, 'index.html');
  } finally {
    await rm(fresh, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
}

function mediaPath(report: string, name: string): string {
  const parts = name.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..' || /[\\\p{Cc}]/u.test(part))) {
    throw new SostenutoError({
      code: 'BAD_MEDIA_NAME',
      what: 'A medium of the report has a name that is not allowed.',
      found: JSON.stringify(name),
      expected: 'a relative name with `/`, without `..`',
    });
  }
  return join(report, 'media', ...parts);
}

/** Files of the store never change, so a link is as good as a copy. */
async function place(source: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await link(source, path).catch(async () => await copyFile(source, path));
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

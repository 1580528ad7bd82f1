import { mkdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { checkRequest } from '../../activities/plan/request.ts';
import { WorkDirectory } from '../../activities/tasks/work-directory.ts';
import { recordAction, thisMachine } from '../../engine/actions/actions.ts';
import type { Artifact } from '../../engine/define/ports.ts';
import { nodeKey, sha256 } from '../../engine/keys/keys.ts';
import { openLedger } from '../../engine/ledger/ledger.ts';
import { resolveSettings } from '../../engine/plan/settings.ts';
import { hashFile, openStore, type Store } from '../../engine/store/store.ts';
import { SostenutoError } from '../../errors/problem.ts';
import { exportReleased, type Imported, importReleased } from '../../models/training/flow/released-weights.ts';
import { modelsOf } from '../../pipelines/video-to-audio/models.ts';
import { settingsSchema } from '../../pipelines/video-to-audio/settings.ts';
import { requestOf, type SettingsOptions } from '../request.ts';
import { openProject, projectHome } from './project.ts';

const PIPELINE = 'video-to-audio';

export interface ImportedModel extends Imported {
  readonly artifact: Artifact;
  readonly stage: string;
  readonly preset: string;
}

/**
 * Checks a released file against a stage's network and puts it into the store as a model folder, with a record of where it came from.
 * @throws SostenutoError `BAD_USAGE` for an unknown stage, `WEIGHTS_UNREADABLE`, `WEIGHTS_MISMATCH`
 */
export async function importWeights(file: string, options: SettingsOptions & { stage: string }): Promise<ImportedModel> {
  const started = Date.now();
  const { config, pipelines } = await openProject();
  const { pipeline, request } = checkRequest(requestOf(PIPELINE, options), pipelines);
  const { preset, settings } = resolveSettings(pipeline, request);
  const { stage } = options;
  const models = modelsOf(settingsSchema.parse(settings));
  const model = Object.entries(models).find(([node]) => node === stage)?.[1];
  if (model === undefined) {
    const expected = `one of ${Object.keys(models).join(', ')}`;
    throw new SostenutoError({ code: 'BAD_USAGE', what: 'There is no such stage.', where: '--stage', found: stage, expected });
  }
  const path = resolve(file);
  const origin = { file: basename(path), sha256: await digestOf(path), stage, preset };
  const store = await openStore(config.home);
  const work = new WorkDirectory(config.home);
  try {
    const folder = join(work.path, 'model');
    const imported = await importReleased(path, model, folder, origin);
    const artifact = await store.putTree(folder);
    await record(store, stage, { ...origin, model }, artifact, started);
    return { ...imported, artifact, stage, preset };
  } finally {
    work.remove();
  }
}

async function digestOf(path: string): Promise<string> {
  try {
    if ((await stat(path)).isFile()) return await hashFile(path);
  } catch (cause) {
    throw unreadable(path, cause instanceof Error ? cause.message : String(cause));
  }
  throw unreadable(path, 'no file');
}
const unreadable = (where: string, found: string): SostenutoError =>
  new SostenutoError({ code: 'WEIGHTS_UNREADABLE', what: 'The weights cannot be read.', where, found, expected: 'a safetensors file' });

/** Nothing computed it, so there is no code; but it is listed, and collected, like a result. */
function record(
  store: Store,
  stage: string,
  params: Readonly<Record<string, unknown>>,
  artifact: Artifact,
  started: number,
): Promise<void> {
  const made = { task: 'importWeights', params, inputs: {} };
  return recordAction(store, {
    ...made,
    format: 1,
    key: nodeKey({ ...made, code: '' }),
    node: `${stage}-weights`,
    pipeline: PIPELINE,
    outputs: { model: artifact },
    code: { digest: sha256(''), modules: {} },
    machine: thisMachine(),
    startedAt: new Date(started).toISOString(),
    seconds: (Date.now() - started) / 1000,
    attempts: 1,
    token: 0,
  });
}

/**
 * Writes a model of a run, or of the store, with the released names; the file appears whole or not at all.
 * @throws SostenutoError `NO_SUCH_MODEL`, `OBJECT_MISSING`, `MODEL_INVALID`, `WEIGHTS_NOT_WRITTEN`
 */
export async function exportWeights(model: string, file: string): Promise<{ digest: string; parameters: number }> {
  const home = await projectHome();
  const digest = /^[0-9a-f]{64}$/.test(model) ? model : await modelOfRun(home, model);
  const { files } = await (await openStore(home)).openTree({ form: 'tree', digest, bytes: 0 });
  const work = new WorkDirectory(home);
  const partial = `${resolve(file)}.partial`;
  try {
    for (const [name, path] of files) {
      await mkdir(dirname(join(work.path, name)), { recursive: true });
      await symlink(path, join(work.path, name));
    }
    await writable(partial);
    const parameters = await exportReleased(work.path, partial);
    await rename(partial, resolve(file));
    return { digest, parameters };
  } finally {
    await rm(partial, { force: true });
    work.remove();
  }
}

async function writable(path: string): Promise<void> {
  await writeFile(path, '').catch((cause: unknown) => {
    const found = cause instanceof Error ? cause.message : String(cause);
    const what = 'The weights cannot be written there.';
    throw new SostenutoError(
      { code: 'WEIGHTS_NOT_WRITTEN', what, where: path, found, expected: 'a folder that can be written' },
      { cause },
    );
  });
}

/** Digest of the model of `<run>:<node>`, of the newest run of this name. */
async function modelOfRun(home: string, model: string): Promise<string> {
  const at = model.lastIndexOf(':');
  const [run, node] = [model.slice(0, at), model.slice(at + 1)];
  const rows = await openLedger(home).query(
    `SELECT node, digest FROM artifacts JOIN runs USING (run)
WHERE starts_with(run, $1 || '/') AND output IN ('model', 'predictor') AND form = 'tree' ORDER BY startedAt, node`,
    [run],
  );
  const found = rows.findLast((row) => row['node'] === node);
  if (found) return String(found['digest']);
  const known = [...new Set(rows.map((row) => `${run}:${row['node']}`))].join(', ');
  throw new SostenutoError({
    code: 'NO_SUCH_MODEL',
    what: 'The ledger knows no model of this run and node.',
    where: model,
    expected: known || '<run>:<node> of a run that has ended, or the 64 digits of a model’s digest',
    hint: "sostenuto sql \"SELECT run, node, digest FROM artifacts WHERE output IN ('model', 'predictor')\"",
  });
}

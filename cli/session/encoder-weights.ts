import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checkRequest } from '../../activities/plan/request.ts';
import { resolveSettings } from '../../engine/plan/settings.ts';
import { hashFile } from '../../engine/store/store.ts';
import { SostenutoError } from '../../errors/problem.ts';
import { settingsSchema as evaluation } from '../../pipelines/evaluate/settings.ts';
import { presets } from '../../pipelines/video-to-audio/presets.ts';
import { type Settings, settingsSchema } from '../../pipelines/video-to-audio/settings.ts';
import { requestOf, type SettingsOptions } from '../request.ts';
import { type DownloadOptions, downloadFile, isFile } from '../weights/download.ts';
import { chooseFiles, fileAddress, type HubFile, hubAddress, readRevision } from '../weights/hub.ts';
import { type Need, needOfFolder, needsOf } from '../weights/needs.ts';
import { type NetworkNeed, networkNeeds, roleOf } from '../weights/networks.ts';
import { writeOrigin } from '../weights/origin.ts';
import { openProject, type Project } from './project.ts';

const PIPELINE = 'video-to-audio';
export const firstPreset = Object.keys(presets)[0] ?? '';

function settingsOf({ pipelines }: Project, options: SettingsOptions): { preset: string; settings: Settings } {
  const { pipeline, request } = checkRequest(requestOf(PIPELINE, options), pipelines);
  const { preset, settings } = resolveSettings(pipeline, request);
  return { preset, settings: settingsSchema.parse(settings) };
}

export interface NeedsOfPreset {
  readonly preset: string;
  readonly needs: readonly Need[];
}

/** The networks that an evaluation with settings can be given. Throws as the settings' check. */
export async function listNetworks(options: SettingsOptions, verify: boolean): Promise<NetworkNeed[]> {
  const { pipelines } = await openProject();
  const { pipeline, request } = checkRequest(requestOf('evaluate', options), pipelines);
  return networkNeeds(evaluation.parse(resolveSettings(pipeline, request).settings), verify);
}

/** What a preset with settings needs; of every preset, where none is named. Throws as the settings' check. */
export async function listWeights(options: SettingsOptions, verify: boolean, project?: Project): Promise<NeedsOfPreset[]> {
  const opened = project ?? (await openProject());
  const asked = options.preset === undefined && options.set === undefined ? Object.keys(presets) : [options.preset];
  const listed: NeedsOfPreset[] = [];
  for (const name of asked) {
    const { preset, settings } = settingsOf(opened, { ...options, ...(name !== undefined && { preset: name }) });
    listed.push({ preset, needs: await needsOf(settings, opened.config.packageRoot, verify) });
  }
  return listed;
}

export interface Fetched {
  readonly encoder: string;
  readonly folder: string;
  readonly repository: string;
  readonly revision: string;
  readonly licence: string;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string; readonly downloaded: boolean }[];
}
export interface FetchOptions extends SettingsOptions {
  readonly download?: DownloadOptions;
  /** Told before a file is downloaded. */
  readonly onFile?: (encoder: string, file: HubFile) => void;
}

/**
 * Brings the published encoders that settings need and that are not there; files that are there and right are left.
 * Throws `WEIGHTS_UNREACHABLE` with every file and its place if the hub cannot be asked, `WEIGHTS_DIGEST`, `ENCODER_MISSING` for a folder that nobody has published.
 */
export async function fetchWeights(options: FetchOptions): Promise<Fetched[]> {
  const project = await openProject();
  const { settings } = settingsOf(project, options);
  const needs = (await needsOf(settings, project.config.packageRoot)).filter(({ status }) => status === 'missing' || status === 'wrong');
  const own = needs.filter(({ published }) => published === undefined);
  if (own.length > 0) throw new SostenutoError(own.map(notPublished));
  const fetched: Fetched[] = [];
  for (const need of needs) fetched.push(await fetchEncoder(need, needs, options));
  return fetched;
}

/**
 * Brings the networks of an evaluation that the hub has, and says of the others where they come from and where they belong. Throws
 * `WEIGHTS_UNREACHABLE` with every file and its place if the hub cannot be asked, `WEIGHTS_DIGEST`.
 */
export async function fetchNetworks(options: FetchOptions): Promise<{ fetched: Fetched[]; byHand: NetworkNeed[] }> {
  const lacking = (await listNetworks(options, false)).filter(({ status }) => status !== 'there' && status !== 'built in');
  const needs = await Promise.all(
    lacking.flatMap(({ network, place = '', published }) => {
      const { licence = '', hub } = published ?? {};
      return hub ? [needOfFolder({ role: roleOf(network), encoder: network, folder: place, published: { ...hub, licence } }, false)] : [];
    }),
  );
  const fetched: Fetched[] = [];
  for (const need of needs) fetched.push(await fetchEncoder(need, needs, options));
  return { fetched, byHand: lacking.filter(({ published }) => published?.hub === undefined) };
}

async function fetchEncoder(need: Need, all: readonly Need[], { download, onFile }: FetchOptions): Promise<Fetched> {
  const { role, encoder, folder = '', published } = need;
  const from = published ?? { repository: '' };
  const { repository } = from;
  const hub = hubAddress();
  const revision = await readRevision(hub, repository).catch((error: unknown) => {
    const places = all.flatMap((one) => byHand(one, hub, error));
    throw places.length > 0 ? new SostenutoError(places, { cause: error, retryable: true }) : error;
  });
  const { commit, licence = published?.licence ?? '' } = revision;
  const files: Fetched['files'][number][] = [];
  // Last what says that there is an encoder.
  const isConfig = ({ name }: HubFile) => Number(name === 'config.json');
  for (const file of chooseFiles(role, revision, from).sort((a, b) => isConfig(a) - isConfig(b))) {
    const path = join(folder, file.name);
    const isThere = existsSync(path) && (await isFile(path, file));
    if (!isThere) {
      onFile?.(encoder, file);
      await downloadFile(file, path, download);
    }
    const sha256 = file.digest.kind === 'sha256' ? file.digest.hex : await hashFile(path);
    files.push({ name: file.name, bytes: file.bytes, sha256, downloaded: !isThere });
  }
  writeOrigin(folder, {
    repository,
    revision: commit,
    licence,
    files: Object.fromEntries(files.map(({ name, bytes, sha256 }) => [name, { bytes, sha256 }])),
  });
  return { encoder, folder, repository, revision: commit, licence, files };
}

/** What to place where, for a machine without the hub. */
const byHand = ({ missing, folder = '', published }: Need, hub: string, error: unknown) =>
  missing.map((name) => ({
    code: 'WEIGHTS_UNREACHABLE',
    what: `${name} is not there, and the model hub cannot be asked.`,
    where: join(folder, name),
    found: error instanceof SostenutoError ? (error.problems[0]?.found ?? error.message) : String(error),
    expected: `the file ${fileAddress(hub, published?.repository ?? '', 'main', name)}`,
    hint:
      name === 'model.safetensors'
        ? 'download it elsewhere and place it there; if it is kept in pieces, model.safetensors.index.json and every file that this names'
        : 'download it elsewhere and place it there',
  }));

const notPublished = ({ folder = '', encoder, problem, missing }: Need) => ({
  code: 'ENCODER_MISSING',
  what: 'These weights are a folder of your own: nothing is known about where they come from.',
  where: folder || encoder,
  found: problem ?? `no ${missing.join(', ')}`,
  expected: 'a folder in the layout of Hugging Face',
});

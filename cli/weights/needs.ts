import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { hashFile } from '../../engine/store/store.ts';
import { SostenutoError } from '../../errors/problem.ts';
import { type EncoderRole, encoderFiles, encoderFilesWanted, type FeatureRole } from '../../models/encoders/describe.ts';
import { WHOLE } from '../../models/encoders/weight-files.ts';
import { checkEncoder, isThere, wantedEncoder } from '../../pipelines/video-to-audio/encoders.ts';
import type { Settings } from '../../pipelines/video-to-audio/settings.ts';
import { readOrigin } from './origin.ts';

export interface WeightFile {
  readonly name: string;
  readonly bytes: number;
  /** Known where the file was fetched, or when it was asked for. */
  readonly sha256?: string;
}
/** A repository of the model hub. */
export interface Repository {
  readonly repository: string;
  readonly licence?: string;
  /** Files that are taken in place of `model.safetensors`. */
  readonly weights?: readonly string[];
}
/** An encoder that settings name, and what there is of it. */
export interface Need {
  readonly role: EncoderRole;
  /** As the settings name it. */
  readonly encoder: string;
  readonly status: 'built in' | 'there' | 'missing' | 'wrong';
  /** Where it lies, or belongs. */
  readonly folder?: string;
  readonly published?: Repository;
  readonly licence?: string;
  readonly files: readonly WeightFile[];
  /** Names of the files that are not there. */
  readonly missing: readonly string[];
  /** What is wrong with it. */
  readonly problem?: string;
}

const ROLES: readonly FeatureRole[] = ['text', 'image', 'codec'];

/** Everything that the settings need. `verify`: files are read and compared with the digests that they were fetched with. */
export const needsOf = (settings: Settings, packageRoot: string, verify = false): Promise<Need[]> =>
  Promise.all(ROLES.map((role) => needOf(role, settings.encoders[role], packageRoot, verify)));

async function needOf(role: FeatureRole, encoder: string, packageRoot: string, verify: boolean): Promise<Need> {
  const wanted = wantedEncoder(role, encoder);
  const need = { role, encoder, files: [], missing: [] };
  if (wanted.from === 'built-in') return { ...need, status: 'built in', licence: 'Apache-2.0', files: shippedFiles(role, packageRoot) };
  return needOfFolder({ role, encoder, ...wanted }, verify);
}

/** What there is of an encoder in a folder. */
export async function needOfFolder(
  { role, encoder, folder, published }: Pick<Need, 'role' | 'encoder' | 'published'> & { readonly folder: string },
  verify: boolean,
): Promise<Need> {
  const licence = readOrigin(folder)?.licence ?? published?.licence;
  const about = {
    role,
    encoder,
    folder,
    files: [],
    missing: [],
    ...(published && { published }),
    ...(licence !== undefined && { licence }),
  };
  if (!isThere(folder)) return { ...about, status: 'missing', missing: missingOf(role, folder, published) };
  try {
    await checkEncoder(folder, role);
    const files = await Promise.all(encoderFiles(folder, role).map((name) => fileIn(folder, name, verify)));
    return { ...about, status: 'there', files };
  } catch (error) {
    if (!(error instanceof SostenutoError)) throw error;
    return { ...about, status: 'wrong', missing: missingOf(role, folder, published), problem: error.message };
  }
}

/** Names of files that are not there, as the repository has them. */
function missingOf(role: EncoderRole, folder: string, published: Repository | undefined): string[] {
  const wanted = encoderFilesWanted(role, folder);
  const { weights } = published ?? {};
  if (!weights) return wanted;
  return [...wanted.filter((name) => name !== WHOLE), ...weights.filter((name) => !existsSync(join(folder, name)))];
}

/** The demo's codec comes with the package. */
function shippedFiles(role: FeatureRole, packageRoot: string): WeightFile[] {
  if (role !== 'codec') return [];
  const folder = join(packageRoot, 'models', 'codec', 'weights');
  const { digest }: { digest: string } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  const path = join(folder, 'model.safetensors');
  return [{ name: path, bytes: statSync(path).size, sha256: digest }];
}

async function fileIn(folder: string, name: string, verify: boolean): Promise<WeightFile> {
  const path = join(folder, name);
  const { size: bytes } = statSync(path);
  const known = readOrigin(folder)?.files[name];
  const sha256 = verify ? await hashFile(path) : known?.bytes === bytes ? known.sha256 : undefined;
  if (verify && known && known.sha256 !== sha256) throw changed(path, String(sha256), known.sha256);
  return { name, bytes, ...(sha256 !== undefined && { sha256 }) };
}

const changed = (where: string, found: string, expected: string) =>
  new SostenutoError({
    code: 'WEIGHTS_DIGEST',
    what: 'A file of weights is not the one that was published.',
    where,
    found: `sha256 ${found}`,
    expected: `sha256 ${expected}`,
    hint: 'remove it, then `sostenuto weights fetch`',
  });

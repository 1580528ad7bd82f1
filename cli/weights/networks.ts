import { statSync } from 'node:fs';
import { join } from 'node:path';
import { hashFile } from '../../engine/store/store.ts';
import { SostenutoError } from '../../errors/problem.ts';
import type { EncoderRole } from '../../models/encoders/describe.ts';
import { readEntries } from '../../models/tensor/safetensors.ts';
import { MEASURED, type MeasureName, measureNames, type NetworkName } from '../../pipelines/evaluate/measured.ts';
import { PUBLISHED_NETWORKS, type PublishedNetwork } from '../../pipelines/evaluate/published.ts';
import type { Settings } from '../../pipelines/evaluate/settings.ts';
import { weightsFolder } from '../../pipelines/video-to-audio/encoders.ts';
import { needOfFolder, type WeightFile } from './needs.ts';

/** A network that an evaluation can be given, and what there is of it. */
export interface NetworkNeed {
  readonly network: NetworkName;
  /** What is not computed without it. */
  readonly measures: readonly MeasureName[];
  /** `absent`: not there, and not asked for; `missing`: a setting names it. */
  readonly status: 'built in' | 'there' | 'absent' | 'missing' | 'wrong';
  /** Where it lies, or would be expected. */
  readonly place?: string;
  /** What makes an evaluation use it; not set where it does so already. */
  readonly setting?: string;
  readonly files: readonly WeightFile[];
  readonly missing: readonly string[];
  readonly problem?: string;
  readonly published?: PublishedNetwork;
}

/** What a network in the layout of Hugging Face is an encoder for. */
export const roleOf = (network: NetworkName): EncoderRole => (network === 'clap' ? 'sound and caption' : 'image');

const measuresBy = (network: NetworkName): MeasureName[] =>
  measureNames.filter((name) => MEASURED[name].networks?.some((one) => one === network));

/** Every network of an evaluation with these settings. `verify`: files are read, and their digests told. */
export async function networkNeeds({ networks }: Settings, verify: boolean): Promise<NetworkNeed[]> {
  const builtIn = (['basic-pitch', 'codec'] as const).map(
    (network): NetworkNeed => ({ network, measures: measuresBy(network), status: 'built in', files: [], missing: [] }),
  );
  const names = Object.keys(PUBLISHED_NETWORKS) as (keyof Settings['networks'])[];
  const given = await Promise.all(
    names.map(async (network): Promise<NetworkNeed> => {
      const published = PUBLISHED_NETWORKS[network];
      const place = networks[network] ?? join(weightsFolder(), published.place);
      const isAsked = networks[network] !== undefined;
      const found = await lookAt(network, published, place, verify);
      const status = found.status === 'missing' && !isAsked ? 'absent' : found.status;
      const setting = isAsked ? {} : { setting: `networks.${network}=${place}` };
      return { network, measures: measuresBy(network), place, published, ...setting, ...found, status };
    }),
  );
  return [...given, ...builtIn];
}

type Found = Pick<NetworkNeed, 'files' | 'missing' | 'problem'> & { readonly status: 'there' | 'missing' | 'wrong' };

async function lookAt(network: NetworkName, { hub, tensor }: PublishedNetwork, place: string, verify: boolean): Promise<Found> {
  const found = statSync(place, { throwIfNoEntry: false });
  if (hub && found?.isFile() !== true) {
    const { status, files, missing, problem } = await needOfFolder(
      { role: roleOf(network), encoder: network, folder: place, published: hub },
      verify,
    );
    return { status: status === 'built in' ? 'there' : status, files, missing, ...(problem !== undefined && { problem }) };
  }
  if (found?.isFile() !== true) return { status: 'missing', files: [], missing: [place] };
  const files = [{ name: place, bytes: found.size, ...(verify && { sha256: await hashFile(place) }) }];
  const problem = place.endsWith('.onnx') || tensor === undefined ? undefined : await problemOf(place, tensor);
  return problem === undefined ? { status: 'there', files, missing: [] } : { status: 'wrong', files, missing: [], problem };
}

/** Whether a file has the tensor of this network. */
async function problemOf(path: string, tensor: string): Promise<string | undefined> {
  try {
    return (await readEntries(path)).has(tensor) ? undefined : `${path} has no tensor ${tensor}`;
  } catch (error) {
    if (error instanceof SostenutoError) return error.message;
    throw error;
  }
}

import { z } from 'zod';
import { SostenutoError } from '../../errors/problem.ts';
import { type EncoderRole, encoderFilesWanted } from '../../models/encoders/describe.ts';
import { WHOLE } from '../../models/encoders/weight-files.ts';
import type { Repository } from './needs.ts';

/** A file of a repository. Large files are known by their sha256, small ones by the digest that git gives them. */
export interface HubFile {
  readonly name: string;
  readonly bytes: number;
  readonly digest: { readonly kind: 'sha256' | 'git'; readonly hex: string };
  readonly url: string;
}
export interface HubRevision {
  readonly commit: string;
  /** As the card of the model says. */
  readonly licence?: string;
  readonly files: readonly HubFile[];
}

/** Of `GET /api/models/<repository>?blobs=true` (https://huggingface.co/docs/hub/api), what is used here. */
const answer = z.object({
  sha: z.string(),
  cardData: z.object({ license: z.string().optional().catch(undefined) }).nullish(),
  siblings: z.array(
    z.object({
      rfilename: z.string(),
      size: z.int().min(0),
      blobId: z.string(),
      lfs: z.object({ sha256: z.string() }).nullish(),
    }),
  ),
});

/** The model hub, or a mirror of it, named as its own library does. */
export const hubAddress = (): string => (process.env['HF_ENDPOINT'] || 'https://huggingface.co').replace(/\/+$/, '');

export const fileAddress = (hub: string, repository: string, commit: string, name: string): string =>
  `${hub}/${repository}/resolve/${commit}/${name}`;

/** The newest revision of a repository. Throws `WEIGHTS_UNREACHABLE`. */
export async function readRevision(hub: string, repository: string): Promise<HubRevision> {
  const url = `${hub}/api/models/${repository}?blobs=true`;
  let body: unknown;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(30_000) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    body = await response.json();
  } catch (error) {
    throw unreachable(url, reasonOf(error), error);
  }
  const parsed = answer.safeParse(body);
  if (!parsed.success) throw unreachable(url, z.prettifyError(parsed.error));
  const { sha, siblings, cardData } = parsed.data;
  const files = siblings.map(({ rfilename: name, size: bytes, blobId, lfs }): HubFile => {
    const digest = lfs ? ({ kind: 'sha256', hex: lfs.sha256 } as const) : ({ kind: 'git', hex: blobId } as const);
    return { name, bytes, digest, url: fileAddress(hub, repository, sha, name) };
  });
  return { commit: sha, files, ...(cardData?.license !== undefined && { licence: cardData.license }) };
}

const PIECE = /^model(?:-\d{5}-of-\d{5}\.safetensors|\.safetensors\.index\.json)$/;

/** The files that an encoder needs of a revision: its weights whole, or else in pieces; or those that are named. Throws `WEIGHTS_UNREACHABLE` if it has none. */
export function chooseFiles(role: EncoderRole, { files }: HubRevision, { repository, weights }: Repository): HubFile[] {
  const wanted = encoderFilesWanted(role).flatMap((name) => (name === WHOLE && weights ? weights : [name]));
  const chosen = files.filter(({ name }) => wanted.includes(name));
  if (weights) {
    if (weights.every((name) => chosen.some((file) => file.name === name))) return chosen;
    throw unreachable(repository, files.map(({ name }) => name).join(', ') || 'no files', undefined, weights.join(', '));
  }
  if (!chosen.some(({ name }) => name === WHOLE)) chosen.push(...files.filter(({ name }) => PIECE.test(name)));
  if (chosen.some(({ name }) => name.endsWith('.safetensors')) && chosen.some(({ name }) => name === 'config.json')) return chosen;
  throw unreachable(
    repository,
    files.map(({ name }) => name).join(', ') || 'no files',
    undefined,
    'config.json and weights as safetensors',
  );
}

/** The network's errors keep what happened in their cause. */
export const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== '' ? `${error.message}: ${error.cause.message}` : error.message;
};

const unreachable = (where: string, found: string, cause?: unknown, expected?: string) =>
  new SostenutoError(
    {
      code: 'WEIGHTS_UNREACHABLE',
      what: 'The model hub does not give these weights.',
      where,
      found,
      ...(expected !== undefined && { expected }),
      hint: 'the same command again goes on where it was; HF_ENDPOINT names a mirror',
    },
    { cause, retryable: true },
  );

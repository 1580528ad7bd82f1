import { listActions } from '../../engine/collect/cache.ts';
import type { Ledger } from '../../engine/ledger/ledger.ts';
import { type ModelVersion, openRegistry, originOf } from '../../engine/registry/registry.ts';
import type { Store } from '../../engine/store/store.ts';
import { SostenutoError } from '../../errors/problem.ts';
import type { RunRequest } from '../messages.ts';

/**
 * `models:/NAME@ALIAS` or `models:/NAME/VERSION`; with `settings` in front the settings of the run that made that model, with `sounds` or `references`
 * what was sampled from it, and what for: when it was registered, if that is known, else last.
 */
const NAMED = /^(models|settings|sounds|references):\/([\w.-]+)(?:@([\w-]+)|\/(\d+))$/;
/** Node that samples a model; its inputs say from what and for what. */
const SAMPLING = 'sampleStage';

export interface Known {
  readonly store: Store;
  readonly ledger: Ledger;
}

/**
 * The request with digests, or settings, in place of the models that its settings name: of whatever has the alias at this moment, so that a schedule judges the
 * champion of its day. Opens store and ledger only if a model is named. Throws `NO_SUCH_VERSION`, `NO_SUCH_ARTIFACT`.
 */
export async function withNamedModels(request: RunRequest, open: () => Promise<Known>): Promise<RunRequest> {
  const named = textsIn(request.settings).filter((text) => NAMED.test(text));
  if (named.length === 0) return request;
  const known = await open();
  const values = new Map<string, unknown>();
  for (const text of named) values.set(text, await meaningOf(text, known));
  return { ...request, settings: replaced(request.settings, values) };
}

async function meaningOf(text: string, known: Known): Promise<unknown> {
  const [, what, name = '', alias, version] = NAMED.exec(text) ?? [];
  const found = await openRegistry(known.ledger).find(name, alias ?? version ?? '');
  const { artifact } = found;
  if (what === 'models') return artifact.digest;
  if (what === 'settings') return settingsOf(text, found, known);
  const sampled = await samplingOf(found, known);
  const digest = what === 'sounds' ? sampled?.outputs['generated']?.digest : sampled?.inputs['references'];
  if (digest !== undefined) return digest;
  throw new SostenutoError({
    code: 'NO_SUCH_ARTIFACT',
    what: `No sounds of the model ${text.slice(text.indexOf('/') + 1)} are in the store.`,
    where: text,
    found: `the model ${artifact.digest.slice(0, 12)}, sampled by no run that is kept`,
    hint: 'run video-to-audio again: its arms are sampled; what is unchanged is reused',
  });
}

/** The sampling, with captions, that the version was registered with, so that others for other clips do not take its place; else the newest. */
async function samplingOf({ artifact, scores }: ModelVersion, { store }: Known) {
  const sampled = listActions(store).filter(
    ({ task, inputs, params }) => task === SAMPLING && inputs['model'] === artifact.digest && Object(params).withoutText !== true,
  );
  const judgedBy = scores && (await store.readJson<{ protocol?: string }>(scores).catch(() => undefined))?.protocol;
  return sampled.find(({ inputs }) => inputs['references'] === judgedBy) ?? sampled[0];
}

async function settingsOf(text: string, { artifact }: ModelVersion, { ledger }: Known): Promise<unknown> {
  const run = (await originOf(ledger, artifact.digest))?.run;
  const [row] = run === undefined ? [] : await ledger.query('SELECT settings FROM runs WHERE run = $1', [run]);
  if (typeof row?.['settings'] === 'string') return JSON.parse(row['settings']);
  throw new SostenutoError({
    code: 'NO_SUCH_ARTIFACT',
    what: `No run is recorded that made the model ${text.slice(text.indexOf('/') + 1)}.`,
    where: text,
    found: `the model ${artifact.digest.slice(0, 12)}, imported, or made by a run that has not ended`,
    hint: 'give the settings themselves in place of this text: `sostenuto plan video-to-audio --json` prints those of a run',
  });
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

function replaced(value: unknown, texts: ReadonlyMap<string, unknown>): unknown {
  if (typeof value === 'string') return texts.get(value) ?? value;
  if (Array.isArray(value)) return value.map((part) => replaced(part, texts));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, replaced(part, texts)]));
}

import { listActions } from '../../engine/collect/cache.ts';
import type { Ledger } from '../../engine/ledger/ledger.ts';
import { openRegistry } from '../../engine/registry/registry.ts';
import type { Store } from '../../engine/store/store.ts';
import { SostenutoError } from '../../errors/problem.ts';
import type { RunRequest } from '../messages.ts';

/** `models:/NAME@ALIAS` or `models:/NAME/VERSION`, and with `sounds` or `references` in front what was last sampled from that model, and what for. */
const NAMED = /^(models|sounds|references):\/([\w.-]+)(?:@([\w-]+)|\/(\d+))$/;
/** Node that samples a model; its inputs say from what and for what. */
const SAMPLING = 'sampleStage';

export interface Known {
  readonly store: Store;
  readonly ledger: Ledger;
}

/**
 * The request with digests in place of the models that its settings name: of whatever has the alias at this moment, so that a schedule judges the
 * champion of its day. Opens store and ledger only if a model is named. Throws `NO_SUCH_VERSION`, `NO_SUCH_ARTIFACT`.
 */
export async function withNamedModels(request: RunRequest, open: () => Promise<Known>): Promise<RunRequest> {
  const named = textsIn(request.settings).filter((text) => NAMED.test(text));
  if (named.length === 0) return request;
  const known = await open();
  const digests = new Map<string, string>();
  for (const text of named) digests.set(text, await digestOf(text, known));
  return { ...request, settings: replaced(request.settings, digests) };
}

async function digestOf(text: string, { store, ledger }: Known): Promise<string> {
  const [, what, name = '', alias, version] = NAMED.exec(text) ?? [];
  const { artifact } = await openRegistry(ledger).find(name, alias ?? version ?? '');
  if (what === 'models') return artifact.digest;
  const sampled = listActions(store).find(
    ({ task, inputs, params }) => task === SAMPLING && inputs['model'] === artifact.digest && Object(params).withoutText !== true,
  );
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

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

function replaced(value: unknown, texts: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return texts.get(value) ?? value;
  if (Array.isArray(value)) return value.map((part) => replaced(part, texts));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, replaced(part, texts)]));
}

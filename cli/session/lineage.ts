import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ActionRecord } from '../../engine/actions/actions.ts';
import { canonicalJson, sha256 } from '../../engine/keys/keys.ts';
import { type Ledger, openLedger } from '../../engine/ledger/ledger.ts';
import { type ActionsByContent, holderOf, readActionsByContent } from '../../engine/lineage/actions-by-content.ts';
import { type Trace, traceBack, traceForward, type WhichNode } from '../../engine/lineage/trace.ts';
import type { Plan } from '../../engine/plan/plan.ts';
import { openRegistry } from '../../engine/registry/registry.ts';
import { hashFile, openStore, type Store } from '../../engine/store/store.ts';
import { listFiles } from '../../engine/store/tree-listing.ts';
import { SostenutoError } from '../../errors/problem.ts';
import { projectHome } from './project.ts';

/** What somebody asked about, and what is known of it. */
export interface Lineage {
  readonly asked: string;
  /** How it was recognised: a file by its content, a model by its name … */
  readonly as: string;
  readonly digest?: string;
  readonly direction: 'back' | 'forward';
  readonly steps: Trace;
  /** Registered versions and runs that have something on the way forward, or the thing itself. */
  readonly models: readonly { readonly name: string; readonly version: number; readonly digest: string }[];
  readonly runs: readonly string[];
}
interface Found {
  readonly as: string;
  readonly record: ActionRecord;
  readonly digest?: string;
}

/** @throws SostenutoError `NO_SUCH_ARTIFACT` */
export async function lineageOf(asked: string, options: { readonly forward?: boolean } = {}): Promise<Lineage> {
  const home = await projectHome();
  const [store, ledger] = [await openStore(home), openLedger(home)];
  const actions = readActionsByContent(store);
  const found = await find(asked, actions, ledger);
  if (found === undefined)
    throw new SostenutoError({
      code: 'NO_SUCH_ARTIFACT',
      what: `Nothing that is recorded is "${asked}".`,
      where: asked,
      expected: 'a digest or its first eight digits, a path, a model with or without @version, a node, or <run>/<node>',
      hint: '`sostenuto sql "SELECT run, node, output, digest FROM artifacts"` lists what there is.',
    });
  const steps = options.forward ? traceForward(actions, found.record) : traceBack(actions, found.record, await plannedNodes(store, ledger));
  const digests = new Set(
    (options.forward ? steps : steps.slice(0, 1)).flatMap(({ outputs }) => Object.values(outputs).map(({ digest }) => digest)),
  );
  const keys = (options.forward ? steps : steps.slice(0, 1)).map(({ key }) => key);
  const versions = await openRegistry(ledger).versions();
  const runs = await ledger.query("SELECT DISTINCT run FROM nodes WHERE list_contains(string_split($1, ','), key) ORDER BY run", [
    keys.join(','),
  ]);
  return {
    asked,
    as: found.as,
    ...(found.digest === undefined ? {} : { digest: found.digest }),
    direction: options.forward ? 'forward' : 'back',
    steps,
    models: versions
      .filter(({ artifact }) => digests.has(artifact.digest))
      .map(({ name, version, artifact }) => ({ name, version, digest: artifact.digest })),
    runs: runs.map(({ run }) => String(run)),
  };
}

async function find(asked: string, actions: ActionsByContent, ledger: Ledger): Promise<Found | undefined> {
  const path = resolve(asked);
  if (existsSync(path)) return byContent(actions, await digestOf(path), `the content of ${path}`);
  if (/^[0-9a-f]{8,64}$/.test(asked)) return byDigest(actions, asked);
  const [, name = '', wanted = 'champion'] = /^([^@]+)(?:@(.+))?$/.exec(asked) ?? [];
  const model = await openRegistry(ledger)
    .find(name, wanted)
    .catch(() => undefined);
  if (model !== undefined) return byContent(actions, model.artifact.digest, `model ${name}, version ${model.version}`);
  const at = asked.lastIndexOf('/');
  if (at > 0) {
    const query = `SELECT key FROM nodes WHERE node = $2 AND item IS NULL AND (run = $1 OR starts_with(run, $1 || '/')) AND key <> '' ORDER BY run DESC LIMIT 1`;
    const [row] = await ledger.query(query, [asked.slice(0, at), asked.slice(at + 1)]);
    const record = actions.byKey.get(String(row?.['key']));
    return record && { as: `node ${asked.slice(at + 1)} of ${asked.slice(0, at)}`, record };
  }
  const record = actions.all.find(({ node, item }) => node === asked && item === undefined);
  return record && { as: `the newest result of node ${asked}`, record };
}

function byDigest(actions: ActionsByContent, start: string): Found | undefined {
  const whole = [...actions.makers.keys()].find((digest) => digest.startsWith(start));
  if (whole !== undefined) return byContent(actions, whole, 'an artifact');
  const record = actions.all.find(({ key }) => key.startsWith(start));
  if (record !== undefined) return { as: 'the key of an action', record };
  return start.length === 64 ? byContent(actions, start, 'an object') : undefined;
}

/** Of several actions that made the same, the first one is where it came from. */
function byContent(actions: ActionsByContent, digest: string, as: string): Found | undefined {
  const made = actions.makers.get(digest) ?? [];
  const record = made.filter(({ item }) => item === undefined).at(-1) ?? made.at(-1);
  if (record !== undefined) return { as, record, digest };
  const holder = holderOf(actions, digest);
  return (
    holder && { as: `${as}, inside output ${holder.output} of ${holder.record.node ?? holder.record.task}`, record: holder.record, digest }
  );
}

/** sha256 of a file, or of a folder as the store would list it. */
async function digestOf(path: string): Promise<string> {
  if (!statSync(path).isDirectory()) return hashFile(path);
  const files = [];
  for (const name of await listFiles(path)) {
    const file = join(path, name);
    files.push({ digest: await hashFile(file), bytes: statSync(file).size, name });
  }
  return sha256(canonicalJson({ files }));
}

/** Which node an input comes from, as the plan of a run says that has the action. Content alone cannot tell two empty lists apart. */
async function plannedNodes(store: Store, ledger: Ledger): Promise<WhichNode> {
  const rows =
    await ledger.query(`SELECT n.key, n.node, a.digest, a.bytes FROM nodes n JOIN artifacts a ON a.run = n.run AND a.node = '' AND a.output = 'plan'
WHERE n.item IS NULL AND n.key <> '' QUALIFY row_number() OVER (PARTITION BY n.key ORDER BY n.run DESC) = 1`);
  const plans = new Map<string, Plan | undefined>();
  for (const row of rows) {
    const digest = String(row['digest']);
    if (plans.has(digest)) continue;
    const artifact = { form: 'json', digest, bytes: Number(row['bytes']) } as const;
    plans.set(digest, (await store.readJson<{ plan: Plan }>(artifact).catch(() => undefined))?.plan);
  }
  const inputs = new Map(
    rows.map(({ key, node, digest }) => [String(key), plans.get(String(digest))?.nodes.find(({ id }) => id === String(node))]),
  );
  return ({ key }, input) => {
    const planned = inputs.get(key);
    return input === '[]' ? planned?.over?.node : planned?.inputs[input]?.node;
  };
}

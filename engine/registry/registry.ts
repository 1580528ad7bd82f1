import { join } from 'node:path';
import { SostenutoError } from '../../errors/problem.ts';
import type { Artifact } from '../define/ports.ts';
import { acquireLease, type Lease } from '../leases/leases.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { makeFolder } from '../store/make-folder.ts';
import { type Alias, aliasOf, type ModelVersion, versionOf } from './rows.ts';

export type { Alias, ModelVersion } from './rows.ts';

/** A model that wants to be registered; `scores` is what the next version will be compared with. */
export interface Entry {
  readonly artifact: Artifact;
  readonly scores?: Artifact;
  readonly measure?: string;
  readonly value?: number;
}
/** Whether the new version becomes the champion, who says so, and why. */
export interface Verdict {
  readonly promote: boolean;
  readonly by: string;
  readonly reason: string;
}
export interface Registered extends Verdict {
  readonly version: number;
}

/** The project's models by name and version, and the aliases `candidate`, `champion` and others that point at versions. */
export interface Registry {
  /** In the order of names and versions. */
  versions(name?: string): Promise<ModelVersion[]>;
  aliases(name?: string): Promise<Alias[]>;
  /** The version of this number or alias. Throws `NO_SUCH_VERSION`. */
  find(name: string, version: string): Promise<ModelVersion>;
  /**
   * Makes the model the newest version and the candidate; `judge` says, knowing the champion of this moment, whether it becomes the champion. The same
   * content keeps its version. Nobody else registers under the name meanwhile.
   */
  register(name: string, entry: Entry, judge: (champion: ModelVersion | undefined) => Promise<Verdict>): Promise<Registered>;
  /** Points an alias at a version. Throws `NO_SUCH_VERSION`, `BAD_ALIAS`. */
  setAlias(name: string, alias: string, version: string, by: string, reason: string): Promise<Alias>;
}

const leaseMs = 60_000;
const waitMs = 100;
/** Letters, digits, `-` and `_`; MLflow keeps `latest` and `v7` for itself. */
const aliasName = /^(?!latest$|v\d+$)[\w-]{1,255}$/i;
const modelName = /^[\w.-]{1,100}$/;

/** @param owner how others name this process while it registers */
export function openRegistry(ledger: Ledger, owner = `process ${process.pid}`): Registry {
  const versions = async (name?: string): Promise<ModelVersion[]> =>
    (await ledger.query('SELECT * FROM models WHERE $1 IS NULL OR name = $1 ORDER BY name, version', [name ?? null])).map(versionOf);
  const aliases = async (name?: string): Promise<Alias[]> =>
    (await ledger.query('SELECT * FROM aliases WHERE $1 IS NULL OR name = $1 ORDER BY name, alias', [name ?? null])).map(aliasOf);

  async function find(name: string, wanted: string): Promise<ModelVersion> {
    const [all, named] = [await versions(name), await aliases(name)];
    const number = named.find(({ alias }) => alias === wanted)?.version ?? Number(wanted);
    const found = all.find(({ version }) => version === number);
    if (found !== undefined) return found;
    throw new SostenutoError({
      code: 'NO_SUCH_VERSION',
      what: `There is no version "${wanted}" of a model "${name}".`,
      where: name,
      found: wanted,
      expected: [...all.map(({ version }) => String(version)), ...named.map(({ alias }) => alias)].join(', ') || 'none is registered',
    });
  }

  async function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (!modelName.test(name)) throw badName('model', name, 'letters, digits and . _ -');
    const lease = await takeLease(ledger.root, `registry-${name}`, owner);
    try {
      const done = await work();
      await lease.check();
      await ledger.flush();
      return done;
    } finally {
      await lease.release();
    }
  }

  const point = (alias: Omit<Alias, 'at'>): Alias => {
    const row = { ...alias, at: new Date().toISOString() };
    ledger.append('aliases', [row]);
    return row;
  };

  return {
    versions,
    aliases,
    find,
    register: (name, entry, judge) =>
      alone(name, async () => {
        const [all, named] = [await versions(name), await aliases(name)];
        const championNumber = named.find(({ alias }) => alias === 'champion')?.version;
        const verdict = await judge(all.find(({ version }) => version === championNumber));
        const known = all.find(({ artifact }) => artifact.digest === entry.artifact.digest);
        const version = known?.version ?? (all.at(-1)?.version ?? 0) + 1;
        const { form, digest, bytes } = entry.artifact;
        const scores = entry.scores === undefined ? {} : { scores: entry.scores.digest, scoresBytes: entry.scores.bytes };
        const measured = {
          ...(entry.measure === undefined ? {} : { measure: entry.measure }),
          ...(entry.value === undefined ? {} : { value: entry.value }),
        };
        ledger.append('models', [{ name, version, form, digest, bytes, ...scores, ...measured, at: new Date().toISOString() }]);
        const { promote, by, reason } = verdict;
        for (const alias of promote ? ['candidate', 'champion'] : ['candidate']) point({ name, alias, version, by, reason });
        return { version, promote, by, reason };
      }),
    setAlias: (name, alias, wanted, by, reason) =>
      alone(name, async () => {
        if (!aliasName.test(alias)) throw badName('alias', alias, 'letters, digits, _ and -; neither "latest" nor "v1"');
        return point({ name, alias, version: (await find(name, wanted)).version, by, reason });
      }),
  };
}

/** What garbage collection must not take: registered models with their scores. */
export async function registeredArtifacts(ledger: Ledger): Promise<Artifact[]> {
  if (ledger.isEmpty('models')) return [];
  return (await openRegistry(ledger).versions()).flatMap(({ artifact, scores }) =>
    scores === undefined ? [artifact] : [artifact, scores],
  );
}

/** The node that first made some content, with its run; undefined while that run goes on. */
export async function originOf(ledger: Ledger, digest: string): Promise<{ run: string; node: string } | undefined> {
  const made = `SELECT a.run, a.node FROM artifacts a JOIN nodes n ON n.run = a.run AND n.node = a.node AND n.item IS NULL JOIN runs r ON r.run = a.run
WHERE a.digest = $1 AND n.cache = 'miss' AND n.status = 'done' ORDER BY r.startedAt LIMIT 1`;
  const [row] = await ledger.query(made, [digest]);
  return row === undefined ? undefined : { run: String(row['run']), node: String(row['node']) };
}

async function takeLease(root: string, key: string, owner: string): Promise<Lease> {
  makeFolder(join(root, 'tmp'));
  for (;;) {
    const lease = await acquireLease({ root }, key, { owner, ttlMs: leaseMs });
    if ('token' in lease) return lease;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

const badName = (what: string, found: string, expected: string): SostenutoError =>
  new SostenutoError({ code: 'BAD_ALIAS', what: `A ${what} may not be called "${found}".`, where: what, found, expected });

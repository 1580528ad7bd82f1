import { userInfo } from 'node:os';
import { openLedger } from '../../engine/ledger/ledger.ts';
import { type Alias, type ModelVersion, openRegistry, originOf } from '../../engine/registry/registry.ts';
import { projectHome } from './project.ts';

/** A version with the aliases that point at it. */
export interface NamedVersion extends ModelVersion {
  readonly aliases: readonly Alias[];
}

export async function listModels(name: string | undefined): Promise<NamedVersion[]> {
  const registry = openRegistry(openLedger(await projectHome()));
  return withAliases(await registry.versions(name), await registry.aliases(name));
}

/** A version by number or alias, and where its content was made. Throws `NO_SUCH_VERSION`. */
export async function showModel(name: string, wanted: string): Promise<NamedVersion & { readonly origin?: { run: string; node: string } }> {
  const ledger = openLedger(await projectHome());
  const registry = openRegistry(ledger);
  const version = await registry.find(name, wanted);
  const [named = { ...version, aliases: [] }] = withAliases([version], await registry.aliases(name));
  const origin = await originOf(ledger, version.artifact.digest);
  return { ...named, ...(origin === undefined ? {} : { origin }) };
}

/** Throws `NO_SUCH_VERSION`, `BAD_ALIAS`. */
export async function nameVersion(name: string, alias: string, wanted: string, note: string): Promise<Alias> {
  const ledger = openLedger(await projectHome());
  try {
    return await openRegistry(ledger).setAlias(name, alias, wanted, userInfo().username, note);
  } finally {
    await ledger.close();
  }
}

const withAliases = (versions: readonly ModelVersion[], aliases: readonly Alias[]): NamedVersion[] =>
  versions.map((one) => ({ ...one, aliases: aliases.filter(({ name, version }) => name === one.name && version === one.version) }));

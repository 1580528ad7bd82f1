import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { openLedger } from '../../engine/ledger/ledger.ts';
import { SostenutoError } from '../../errors/problem.ts';

/** A system to judge: a name, and a folder or the digest of sounds in the store. */
export interface JudgedSource {
  readonly name: string;
  readonly source: string;
}

/**
 * Reads `[name=]what`, where what is a folder, `<run>:<node>` of a run that has ended, or a digest.
 * @throws SostenutoError `BAD_USAGE` for what is none of these
 */
export async function judgedSource(home: string, word: string): Promise<JudgedSource> {
  const [, given, what = word] = word.match(/^([\w][\w .+-]*)=(.+)$/) ?? [];
  const named = (name: string, source: string): JudgedSource => ({ name: given ?? name, source });
  if (/^[0-9a-f]{64}$/.test(what)) return named(what.slice(0, 8), what);
  const folder = resolve(what);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return named(basename(folder), folder);
  const at = what.lastIndexOf(':');
  const [run, node] = [what.slice(0, at), what.slice(at + 1)];
  const rows = await openLedger(home).query(
    `SELECT node, digest FROM artifacts JOIN runs USING (run)
WHERE starts_with(run, $1 || '/') AND output IN ('generated', 'references') AND form = 'tree' ORDER BY startedAt, node`,
    [run],
  );
  const found = at > 0 ? rows.findLast((row) => row['node'] === node) : undefined;
  if (found) return named(node, String(found['digest']));
  const known = [...new Set(rows.map((row) => `${run}:${row['node']}`))].join(', ');
  throw new SostenutoError({
    code: 'BAD_USAGE',
    what: 'There is nothing to judge of this name.',
    where: word,
    found: what,
    expected: known || 'a folder, <run>:<node> of a run that has ended and made sounds, or the digest of a tree',
  });
}

/**
 * Sources of several systems, by name.
 * @throws SostenutoError `BAD_USAGE`, also for two systems of one name
 */
export async function judgedSystems(home: string, words: readonly string[]): Promise<Record<string, string>> {
  const systems: Record<string, string> = {};
  for (const word of words) {
    const { name, source } = await judgedSource(home, word);
    if (name in systems) {
      const what = `Two systems are called ${name}.`;
      throw new SostenutoError({ code: 'BAD_USAGE', what, where: word, found: name, expected: `another name: <name>=${word}` });
    }
    systems[name] = source;
  }
  return systems;
}

/**
 * What `[name=]models:/<name>@<alias>` words, and sets `<kind>=<folder>` to sample them for, stand for in the settings of `evaluate`.
 * @throws SostenutoError `BAD_USAGE` for sets that no model is sampled for, and for two models of one name
 */
export function judgedModels(words: readonly string[], sets: readonly string[]): Record<string, unknown> {
  const models = words.map((word) => {
    const [, given, model = '', name = ''] = word.match(MODEL) ?? [];
    return [given ?? name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'), model] as const;
  });
  const names = models.map(([name]) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  const bad = (what: string, where: string, expected: string) => new SostenutoError({ code: 'BAD_USAGE', what, where, expected });
  if (twice !== undefined) throw bad(`Two models are called ${twice}.`, words.join(' '), 'names of their own: <name>=models:/…');
  const [first] = models;
  if (first === undefined && sets.length > 0)
    throw bad('No model is sampled for these sets.', `--on ${sets.join(' --on ')}`, '[name=]models:/<model>@<alias> among the systems');
  if (first === undefined) return {};
  const sources = sets.map((word) => {
    const at = word.indexOf('=');
    return { kind: at < 0 ? 'folder' : word.slice(0, at), root: resolve(word.slice(at + 1)) };
  });
  return {
    models: Object.fromEntries(models),
    madeWith: first[1].replace('models:', 'settings:'),
    ...(sources.length > 0 && { test: { sources } }),
  };
}
const MODEL = /^(?:([\w][\w .+-]*)=)?(models:\/([\w.-]+).*)$/;
export const isModel = (word: string): boolean => MODEL.test(word);

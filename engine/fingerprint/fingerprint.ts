import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { canonicalJson, sha256 } from '../keys/keys.ts';
import { readMemo, writeMemo } from '../memo/memo.ts';
import { bundleTasks, type TaskBundle } from './bundle.ts';

/** What the code of a task is, without comments, types, formatting and whatever it does not use. */
export interface Fingerprint {
  /** sha256 of the minified bundle and of the versions of the packages it imports. */
  readonly digest: string;
  /**
   * For `explain`: path relative to the project's root → sha256 of what that module contributes; `npm:<package>` → version.
   */
  readonly modules: Readonly<Record<string, string>>;
}

/** Where the code of a task lies; of an inline task, `export` is the task object. */
export interface TaskCode {
  readonly url: string;
  readonly export: string;
  readonly inline: boolean;
}

export interface FingerprintOptions {
  /** Paths in fingerprints are relative to it; it is in no digest itself. */
  readonly projectRoot: string;
  /** Folder for memos, for example `<home>/cache`; without it every call bundles. */
  readonly cache?: string;
}

/**
 * Fingerprints of tasks, by name. One bundler call for all; unchanged files (path, size, time) cost only a look at each.
 * Throws `CODE_UNREADABLE` or `CODE_EXPORT_MISSING` with every problem.
 *
 * Not seen: files that code reads by itself (give their digest as a param), packages below the imported ones, and code
 * loaded under a computed name. An inline task counts with its declaration.
 */
export async function fingerprintTasks(
  code: Readonly<Record<string, TaskCode>>,
  options: FingerprintOptions,
): Promise<Record<string, Fingerprint>> {
  if (Object.keys(code).length === 0) return {};
  const projectRoot = resolve(options.projectRoot);
  const memo =
    options.cache === undefined
      ? undefined
      : join(options.cache, 'fingerprints', `${sha256(canonicalJson({ format: 3, code, projectRoot }))}.json`);
  const known = memo === undefined ? undefined : readMemo<Record<string, Fingerprint>>(memo);
  if (known !== undefined) return known;

  const startedMs = Date.now();
  const { tasks, inputs } = await bundleTasks(code, projectRoot);
  const sectionHashes = new Map<string, Promise<string>>();
  const taken = await Promise.all([...tasks].map(async ([task, bundle]) => [task, await fingerprintOf(bundle, sectionHashes)] as const));
  const fingerprints = Object.fromEntries(taken.sort(([one], [other]) => (one < other ? -1 : 1)));
  if (memo !== undefined) {
    const versions = [...tasks.values()].flatMap(({ packages }) => packages.map(({ source }) => source));
    const configuration = [join(projectRoot, 'tsconfig.json'), join(projectRoot, 'package.json')].filter((path) => existsSync(path));
    // Fingerprints taken by other code than this are not the same ones.
    const own = readdirSync(import.meta.dirname).map((name) => join(import.meta.dirname, name));
    await writeMemo(memo, [...inputs, ...versions, ...configuration, ...own], fingerprints, startedMs);
  }
  return fingerprints;
}

async function fingerprintOf(bundle: TaskBundle, sectionHashes: Map<string, Promise<string>>): Promise<Fingerprint> {
  const packages = bundle.packages.map(({ name, version }) => [`npm:${name}`, version] as const);
  const modules = await Promise.all(
    [...bundle.sections].map(async ([path, section]) => {
      const hash = sectionHashes.get(section) ?? minified(section).then(sha256);
      sectionHashes.set(section, hash);
      return [path, await hash] as const;
    }),
  );
  const text = await minified(bundle.text);
  return {
    digest: sha256(canonicalJson({ text, packages })),
    modules: Object.fromEntries([...modules, ...packages].sort(([one], [other]) => (one < other ? -1 : 1))),
  };
}

/**
 * The second step of minifying. Short names are dealt out by how often letters occur in the text that is given; done on the
 * tree-shaken bundle, unlike while bundling, that text holds nothing but the task's own code.
 */
async function minified(text: string): Promise<string> {
  const esbuild = await import('esbuild');
  const options = {
    minify: true,
    format: 'esm',
    target: 'es2022',
    legalComments: 'none',
    charset: 'utf8',
    loader: 'js',
    logLevel: 'silent',
  } as const;
  return (await esbuild.transform(text, options)).code;
}

import { dirname, join } from 'node:path/posix';
import { type Import, importsOf, withoutText } from './imports.ts';

/** Top to bottom: a folder may import from itself and from what comes after it. */
export const layers = ['cli', 'web', 'workflows', 'activities', 'pipelines', 'engine', 'models', 'datasets', 'numeric', 'errors'];
/** Beside `cli`: may import everything, and nothing in a layer imports them. */
const outside = ['temporal.config.ts', 'scripts', 'bench', 'examples', 'test'];

const bannedNames = /(?:^|[-./])(?:utils?|helpers?|common|managers?|core|misc)(?:[-./]|$)/;
const longest = 300;

/** Path relative to the project (with `/`) to source text. */
export type Sources = ReadonlyMap<string, string>;
export interface Violation {
  readonly path: string;
  readonly what: string;
}

const top = (path: string): string => path.split('/')[0] ?? path;
const layerOf = (path: string): number => layers.indexOf(top(path));
const isRelative = (specifier: string): boolean => specifier.startsWith('.');
const target = (path: string, specifier: string): string => join(dirname(path), specifier);

/** `@temporalio/client/lib/x` → `@temporalio/client`; `node:fs/promises` → `node:fs`. */
function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? specifier);
}

/** Imports only point down the layers, and never from a layer to tests, scripts, benches or examples. */
export function upwardImports(sources: Sources): Violation[] {
  return overImports(sources, (path, { specifier }) => {
    const from = layerOf(path);
    if (from < 0 || !isRelative(specifier)) return undefined;
    const to = target(path, specifier);
    if (outside.includes(top(to)) && !(top(path) === 'cli' && to === 'temporal.config.ts'))
      return `imports ${to}, which is outside the layers`;
    if (layerOf(to) >= 0 && layerOf(to) < from) return `imports ${to}, but ${layers[layerOf(to)]} lies above ${layers[from]}`;
    return undefined;
  });
}

/** Each engine room has one door: TensorFlow.js behind `models/backend`, Temporal in the layers that speak with it. */
export function misplacedPackages(sources: Sources): Violation[] {
  const temporal = ['cli', 'workflows', 'activities', ...outside];
  return overImports(sources, (path, { specifier, isTypeOnly }) => {
    const name = packageOf(specifier);
    if (name.startsWith('@tensorflow/') && !path.startsWith('models/backend/') && !path.startsWith('test/models/backend/') && !isTypeOnly) {
      return `imports ${specifier}; only models/backend may`;
    }
    if (name.startsWith('@tensorflow/') && isTypeOnly && !/^(?:test\/)?models\//.test(path))
      return `imports types of ${specifier}; only models may`;
    if (name.startsWith('@temporalio/') && !temporal.includes(top(path))) return `imports ${specifier}; only ${temporal.join(', ')} may`;
    return undefined;
  });
}

/** Packages that Temporal lets into the isolate of a workflow. */
const workflowPackages = new Set(['@temporalio/workflow', '@temporalio/common']);

/** What workflow code loads, directly or through other files, is deterministic: no Node built-in and no other package. */
export function impureWorkflows(sources: Sources): Violation[] {
  const found: Violation[] = [];
  const seen = new Set<string>();
  const visit = (path: string, through: readonly string[]): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { specifier, isTypeOnly } of importsOf(sources.get(path) ?? '')) {
      if (isTypeOnly) continue;
      if (isRelative(specifier)) visit(target(path, specifier), [...through, path]);
      else if (!workflowPackages.has(packageOf(specifier))) {
        found.push({ path, what: `loads ${specifier} into a workflow${through.length > 0 ? ` (through ${through.join(' → ')})` : ''}` });
      }
    }
  };
  for (const path of sources.keys()) if (path.startsWith('workflows/')) visit(path, []);
  return found;
}

/** A name says what a file decides, not that its author ran out of ideas. */
export function bannedFileNames(sources: Sources): Violation[] {
  return [...sources.keys()].flatMap((path) => {
    const match = bannedNames.exec(path.replace(/\.(?:ts|mts|mjs|js)$/, ''));
    return match === null ? [] : [{ path, what: `is called "${match[0].replace(/[-./]/g, '')}": name it by what it decides` }];
  });
}

export function longFiles(sources: Sources): Violation[] {
  return [...sources].flatMap(([path, source]) => {
    const lines = source.replace(/\n$/, '').split('\n').length;
    return lines > longest ? [{ path, what: `has ${lines} lines; split it below ${longest}` }] : [];
  });
}

const loopholes: readonly [RegExp, string][] = [
  [/\bas\s+any\b/, 'casts to any'],
  [/[:<,|&(]\s*any\b(?!\s*[:(])/, 'uses the type any'],
  [/\bas\s+unknown\s+as\b/, 'casts through unknown'],
];
/** At a library's edge a line may, if it says why, or one of the three lines above does. */
const comment = /^\s*(?:\/\/|\*|\/\*\*)\s*\S{2,} \S|\/\/ \S+ \S+/;
const reach = 3;
/** These live in comments, so they are looked for in the whole text. */
const suppressions: readonly [RegExp, string][] = [
  [/^\s*(?:\/\/|\/\*)\s*@ts-(?:ignore|nocheck)\b/, 'switches the type checker off'],
  [/^\s*(?:\/\/|\/\*)\s*biome-ignore-(?:all|start)\b/, 'switches the linter off for more than a line'],
];

/** Ways around the type checker. What comes from outside is `unknown` and gets checked. */
export function typeLoopholes(sources: Sources): Violation[] {
  return [...sources].flatMap(([path, source]) => {
    // A test may bend a type to show what happens then.
    const watched = top(path) === 'test' ? loopholes.slice(0, 2) : loopholes;
    const original = source.split('\n');
    const code = withoutText(source).code.split('\n');
    return original.flatMap((line, index) => {
      const isExcused = original.slice(Math.max(0, index - reach), index + 1).some((near) => comment.test(near));
      const way =
        suppressions.find(([pattern]) => pattern.test(line)) ??
        (isExcused ? undefined : watched.find(([pattern]) => pattern.test(code[index] ?? '')));
      return way === undefined ? [] : [{ path: `${path}:${index + 1}`, what: way[1] }];
    });
  });
}

function overImports(sources: Sources, judge: (path: string, given: Import) => string | undefined): Violation[] {
  return [...sources].flatMap(([path, source]) =>
    importsOf(source).flatMap((given) => {
      const what = judge(path, given);
      return what === undefined ? [] : [{ path, what }];
    }),
  );
}

export const rules = { upwardImports, misplacedPackages, impureWorkflows, bannedFileNames, longFiles, typeLoopholes };

import { readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname, extname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BuildFailure, BuildOptions, Loader, Metafile, OutputFile, Plugin } from 'esbuild';
import { type Problem, SostenutoError } from '../../errors/problem.ts';
import { hasDeclarations, markDeclarations } from './definitions.ts';
import type { TaskCode } from './fingerprint.ts';
import { type FoundPackage, findPackage, packageName } from './packages.ts';

/** The tree-shaken code of one task. */
export interface TaskBundle {
  readonly text: string;
  /** Modules that contributed, relative to the project's root, to the text they contributed. */
  readonly sections: ReadonlyMap<string, string>;
  /** Packages that the text imports. */
  readonly packages: readonly FoundPackage[];
}
export interface Bundles {
  readonly tasks: ReadonlyMap<string, TaskBundle>;
  /** Every file that was looked at, absolute, used or not. */
  readonly inputs: readonly string[];
}

const loaders: Readonly<Record<string, Loader>> = { '.ts': 'ts', '.mts': 'ts', '.tsx': 'tsx', '.js': 'js', '.mjs': 'js', '.jsx': 'jsx' };

/**
 * Bundles every task in one call: its entry imports only the task's export, so tree shaking leaves what that export needs.
 * Packages stay outside. The text keeps names and line breaks; comments and types are gone or go in the next step.
 */
export async function bundleTasks(code: Readonly<Record<string, TaskCode>>, projectRoot: string): Promise<Bundles> {
  const esbuild = await import('esbuild');
  const packages = new Map<string, FoundPackage>();
  const options = {
    absWorkingDir: projectRoot,
    entryPoints: Object.keys(code).map((task) => ({ in: `task:${task}`, out: task })),
    outdir: join(projectRoot, 'bundles'),
    write: false,
    bundle: true,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    treeShaking: true,
    legalComments: 'none',
    charset: 'utf8',
    // Nothing is run here; as a plain text it cannot keep an unused declaration alive.
    define: { 'import.meta.url': '"file:"' },
    logLevel: 'silent',
    loader: { '.wasm': 'binary', '.node': 'binary', '.bin': 'binary', '.txt': 'text' },
    plugins: [entries(code), externals(packages), declarations()],
  } satisfies BuildOptions;
  const built = await esbuild.build(options).catch((error: BuildFailure) => {
    throw unreadable(error);
  });
  const tasks = new Map(built.outputFiles.map((file) => [taskOf(file.path), taskBundle(file, built.metafile, packages, projectRoot)]));
  return { tasks, inputs: inputFiles(built.metafile, projectRoot) };
}

const taskOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1, -'.js'.length);

/** Each task is an entry of its own: a module that imports the one export and nothing else. */
function entries(code: Readonly<Record<string, TaskCode>>): Plugin {
  return {
    name: 'entries',
    setup(build) {
      build.onResolve({ filter: /^task:/ }, ({ path }) => ({ path: path.slice('task:'.length), namespace: 'task' }));
      build.onLoad({ filter: /.*/, namespace: 'task' }, ({ path: task }) => {
        const source = code[task];
        if (source === undefined) return { errors: [{ text: `no code is known for task "${task}"` }] };
        const path = source.url.startsWith('file:') ? fileURLToPath(source.url) : source.url;
        return { contents: `export { ${source.export} as code } from ${JSON.stringify(path)};`, resolveDir: dirname(path), loader: 'js' };
      });
    },
  };
}

/** Packages are not bundled but noted with their version; one that is imported for nothing is dropped. */
function externals(packages: Map<string, FoundPackage>): Plugin {
  return {
    name: 'externals',
    setup(build) {
      build.onResolve({ filter: /^[^./#]/ }, ({ path, kind, resolveDir }) => {
        if (kind === 'entry-point' || isAbsolute(path)) return undefined;
        if (isBuiltin(path)) return { path, external: true, sideEffects: false };
        const name = packageName(path);
        // The building blocks themselves are bundled like the project's own code: a new version counts only where it differs.
        const found = name === 'sostenuto' ? undefined : findPackage(name, resolveDir);
        if (found === undefined) return undefined;
        packages.set(name, found);
        return { path, external: true, sideEffects: false };
      });
    },
  };
}

function declarations(): Plugin {
  return {
    name: 'declarations',
    setup(build) {
      build.onLoad({ filter: /\.[mc]?[jt]sx?$/, namespace: 'file' }, async ({ path }) => {
        const loader = loaders[extname(path)];
        if (loader === undefined) return undefined;
        const source = await readFile(path, 'utf8');
        return hasDeclarations(source) ? { contents: markDeclarations(source), loader } : undefined;
      });
    },
  };
}

function taskBundle(file: OutputFile, metafile: Metafile, packages: ReadonlyMap<string, FoundPackage>, projectRoot: string): TaskBundle {
  const output = Object.entries(metafile.outputs).find(([path]) => join(projectRoot, path) === file.path)?.[1];
  const names = new Set(Object.keys(output?.inputs ?? {}));
  const used = new Set((output?.imports ?? []).filter(({ external }) => external).map(({ path }) => packageName(path)));
  const text = withoutPaths(file.text, names);
  return {
    text,
    sections: splitSections(text, names),
    packages: [...used].sort().flatMap((name) => packages.get(name) ?? []),
  };
}

/** Modules that are loaded late are wrapped under their path, which only tells them apart for a reader. */
function withoutPaths(text: string, names: ReadonlySet<string>): string {
  return text.replace(/^( {2})"(.+)"(\((?:exports, module|exports)?\) \{)$/gm, (line, indent: string, name: string, rest: string) =>
    names.has(name) ? `${indent}"module"${rest}` : line,
  );
}

/** The bundler writes `// path` above what each module contributes. */
function splitSections(text: string, names: ReadonlySet<string>): Map<string, string> {
  const sections = new Map<string, string[]>();
  let current: string[] | undefined;
  for (const line of text.split('\n')) {
    const name = line.startsWith('// ') ? line.slice(3) : undefined;
    if (name !== undefined && names.has(name)) {
      current = sections.get(name) ?? [];
      sections.set(name, current);
    } else if (line === 'export {') current = undefined;
    else current?.push(line);
  }
  return new Map(
    [...sections]
      .map(([name, lines]) => [name, lines.join('\n').trim()] as const)
      .filter(([name, section]) => section !== '' && !name.startsWith('task:')),
  );
}

function inputFiles(metafile: Metafile, projectRoot: string): string[] {
  return Object.keys(metafile.inputs)
    .filter((name) => !name.startsWith('task:'))
    .map((name) => join(projectRoot, name));
}

function unreadable(failure: BuildFailure): unknown {
  if (!Array.isArray(failure.errors)) return failure;
  return new SostenutoError(
    failure.errors.map(({ text, location }): Problem => {
      const isMissing = text.startsWith('No matching export');
      return {
        code: isMissing ? 'CODE_EXPORT_MISSING' : 'CODE_UNREADABLE',
        what: isMissing ? `The code of a task is not where it is said to be: ${text}.` : `The code of a task cannot be read: ${text}.`,
        ...(location === null ? {} : { where: `${location.file}:${location.line}` }),
        ...(isMissing
          ? { expected: 'the export that `implementation` names; of a task with inline code, an export under the name of the task' }
          : {}),
      };
    }),
    { cause: failure },
  );
}

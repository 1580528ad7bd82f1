import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuildOptions, Metafile, OutputFile, Plugin } from 'esbuild';
import { writeMemo } from '../../engine/memo/memo.ts';
import { clientScript, styleSheet } from '../../web/report/assets.ts';
import { definedPlaces, keepPlaces } from './places.ts';
import { writeSynced } from './write-synced.ts';

/** Packages that stay outside: native code, tools that are rarely needed, and what is only loaded by tasks. */
const outside =
  /^(?:@duckdb\/|esbuild|webpack|@swc\/|swc-loader|source-map-loader|tsx|@tensorflow\/|apache-arrow|@ffmpeg-installer\/|@ffprobe-installer\/|onnxruntime-node)/;
/** Builds that are kept, because a process that runs one may still ask for its files. */
const kept = 3;
const threadModule = '@temporalio/worker/lib/workflow/workflow-worker-thread';

/**
 * Bundles the command line with its packages into one file, and the thread in which workflows run into another one, so that a start
 * reads two files instead of two thousand. Names its folder in the memo that the door reads.
 * @returns the folder
 */
export async function buildCommand(root: string, builds: string, memo: string): Promise<string> {
  const startedMs = Date.now();
  const { build } = await import('esbuild');
  const folder = join(builds, `command-${Date.now().toString(36)}-${process.pid}`);
  const thread = join(folder, 'thread.cjs');
  const options = {
    absWorkingDir: root,
    write: false,
    outdir: folder,
    bundle: true,
    metafile: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    // For `load.cjs`, which calls it with what a module has.
    banner: { js: '(function (exports, require, module, importModule) {' },
    footer: { js: '})' },
    outExtension: { '.js': '.cjs' },
    define: { ...definedPlaces, isBundled: 'true' },
    logLevel: 'error',
  } satisfies BuildOptions;
  const [command, workflows] = await Promise.all([
    build({
      ...options,
      entryPoints: { command: join(root, 'cli', 'main.ts') },
      plugins: [
        stayOutside(),
        keepPlaces((path, text) => (path === join(root, reportAssets) ? madeAssets() : startBundledThread(text, thread))),
      ],
    }),
    build({
      ...options,
      entryPoints: { 'thread-code': createRequire(join(root, 'package.json')).resolve(threadModule) },
      plugins: [stayOutside(), keepPlaces()],
    }),
  ]);
  const starter = `require(${JSON.stringify(join(root, 'cli', 'build', 'load.cjs'))}).load(${JSON.stringify(join(folder, 'thread-code.cjs'))}, 'thread');\n`;
  publish(folder, [...command.outputFiles, ...workflows.outputFiles], { 'thread.cjs': starter });
  removeOlder(builds);
  await writeMemo(memo, sourcesOf(command.metafile, root), folder, startedMs);
  return folder;
}

/** What a page of a report takes along is the same for all: it is made now, not at each start. */
const reportAssets = join('web', 'report', 'assets.ts');
const madeAssets = (): string =>
  `export const styleSheet = () => ${JSON.stringify(styleSheet())};\nexport const clientScript = () => ${JSON.stringify(clientScript())};`;

/** Temporal starts its thread from a file of its own; the same code in one piece is there sooner. */
const startBundledThread = (text: string, thread: string): string =>
  text.replace(
    "require.resolve('./workflow-worker-thread')",
    (original) => `(require("node:fs").existsSync(${JSON.stringify(thread)}) ? ${JSON.stringify(thread)} : ${original})`,
  );

function stayOutside(): Plugin {
  return {
    name: 'outside',
    setup(build) {
      build.onResolve({ filter: outside }, async ({ path, kind, importer, resolveDir, pluginData }) => {
        if (pluginData === outside) return undefined;
        const found = await build.resolve(path, { kind, importer, resolveDir, pluginData: outside });
        // An optional package that is not there fails where it is asked for, as without a bundle.
        if (found.errors.length > 0) return { path, external: true };
        return { path: kind === 'dynamic-import' ? pathToFileURL(found.path).href : found.path, external: true };
      });
    },
  };
}

/** The kept code of a script cannot import; the word occurs in no other meaning. */
const withGivenImport = ({ text }: OutputFile): string => text.replace(/(?<![\w.$])import\(/g, 'importModule(');

/** Whole or absent: written aside, then renamed. */
function publish(folder: string, files: readonly OutputFile[], texts: Readonly<Record<string, string>>): void {
  const partial = `${folder}.partial`;
  mkdirSync(partial, { recursive: true });
  for (const file of files)
    writeSynced(join(partial, basename(file.path)), file.path.endsWith('.cjs') ? inAscii(withGivenImport(file)) : file.contents);
  for (const [name, text] of Object.entries(texts)) writeSynced(join(partial, name), text);
  renameSync(partial, folder);
}

/** As `load.cjs` reads it. The bundler escapes plain strings by itself, but no templates, patterns and comments. */
const inAscii = (code: string): string => code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

function removeOlder(builds: string): void {
  const all = readdirSync(builds).filter((name) => name.startsWith('command-'));
  const byAge = all.map((name) => ({ path: join(builds, name), at: statSync(join(builds, name)).mtimeMs })).sort((a, b) => b.at - a.at);
  for (const { path } of byAge.slice(kept)) rmSync(path, { recursive: true, force: true });
}

/** Own sources, and the file that says which packages are installed. */
function sourcesOf({ inputs }: Metafile, root: string): string[] {
  // As a dependency this package lies beside the others.
  const lists = [join(root, 'node_modules'), join(root, '..')].map((folder) => join(folder, '.package-lock.json'));
  const own = Object.keys(inputs).filter((name) => !/(?:^\.\.|node_modules)\//.test(name));
  const read = [import.meta.dirname, ...['style', 'client'].map((name) => join(root, 'web', 'report', name))];
  const readBesides = read.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  return [...own.map((name) => join(root, name)), ...readBesides, ...lists.filter((path) => existsSync(path))];
}

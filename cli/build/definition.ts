import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Plugin } from 'esbuild';
import { sha256 } from '../../engine/keys/keys.ts';
import { readMemo, writeMemo } from '../../engine/memo/memo.ts';
import { definedPlaces, keepPlaces } from './places.ts';
import { writeSynced } from './write-synced.ts';

/** These are bundled with a definition: the project's own words, and the schemas of settings. */
const inside = /^(?:sostenuto|zod)(?:\/|$)/;

/**
 * Imports a module that declares something (a configuration, a pipeline) through a bundle of it and of what it imports, named by its
 * content: it is there without a transformation, and a changed source gives a new module, in a process that is already up too.
 * @param builds folder for bundles
 */
export async function importDefinition(url: string, builds: string): Promise<Record<string, unknown>> {
  const entry = fileURLToPath(url);
  const name = sha256(entry).slice(0, 16);
  const memo = join(builds, `${name}.json`);
  const known = readMemo<string>(memo);
  const bundle = known !== undefined && existsSync(join(builds, known)) ? known : await bundleDefinition(entry, builds, name, memo);
  return import(pathToFileURL(join(builds, bundle)).href);
}

async function bundleDefinition(entry: string, builds: string, name: string, memo: string): Promise<string> {
  const startedMs = Date.now();
  const { build } = await import('esbuild');
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    absWorkingDir: dirname(entry),
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'external',
    sourcesContent: false,
    outdir: builds,
    outExtension: { '.js': '.mjs' },
    define: definedPlaces,
    logLevel: 'silent',
    plugins: [packagesOutside(), keepPlaces()],
  });
  const text = outputFiles.find((file) => file.path.endsWith('.mjs'))?.text ?? '';
  const bundle = `${name}-${sha256(text).slice(0, 16)}.mjs`;
  mkdirSync(builds, { recursive: true });
  const map = outputFiles.find((file) => file.path.endsWith('.map'))?.text ?? '';
  writeWhole(join(builds, `${bundle}.map`), map);
  writeWhole(join(builds, bundle), `${text}//# sourceMappingURL=${bundle}.map\n`);
  for (const old of readdirSync(builds)) {
    if (old.startsWith(`${name}-`) && !old.startsWith(bundle)) rmSync(join(builds, old), { force: true });
  }
  const sources = Object.keys(metafile.inputs).map((path) => join(dirname(entry), path));
  // Other code than this makes other bundles.
  const own = readdirSync(import.meta.dirname).map((file) => join(import.meta.dirname, file));
  await writeMemo(memo, [...sources, ...own], bundle, startedMs);
  return bundle;
}

function writeWhole(path: string, content: string): void {
  writeSynced(`${path}.${process.pid}`, content);
  renameSync(`${path}.${process.pid}`, path);
}

/** Packages are imported from where the source would have found them. */
function packagesOutside(): Plugin {
  return {
    name: 'packages',
    setup(build) {
      build.onResolve({ filter: /^[^./]/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
        if (kind === 'entry-point' || pluginData === inside || inside.test(path)) return undefined;
        if (path.startsWith('file:')) return { path: fileURLToPath(path) };
        const found = await build.resolve(path, { kind, importer, resolveDir, pluginData: inside });
        if (found.errors.length > 0) return { errors: found.errors };
        return { path: found.external ? found.path : pathToFileURL(found.path).href, external: true };
      });
    },
  };
}

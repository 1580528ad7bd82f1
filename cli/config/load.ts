import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Pipeline } from '../../engine/define/pipeline.ts';
import { SostenutoError } from '../../errors/problem.ts';
import { importDefinition } from '../build/definition.ts';
import type { Config, PipelineEntry } from './config.ts';
import type { Environment } from './environment.ts';
import { hasGpu } from './gpu.ts';
import { resolveConfig } from './resolve.ts';

const packageRoot = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
const NAME = 'temporal.config.ts';
const builds = join(packageRoot, '.sostenuto', 'build', 'definitions');

/** The `temporal.config.ts` in a folder or the nearest one above it; else the package's own. */
export function findConfigFile(folder: string, fallback: string = packageRoot): string {
  for (let at = resolve(folder); ; at = dirname(at)) {
    if (existsSync(join(at, NAME))) return join(at, NAME);
    if (at === dirname(at)) return join(fallback, NAME);
  }
}

/**
 * Finds, reads and checks the configuration for a working directory.
 * @throws SostenutoError `CONFIG_INVALID` with every problem at once, `CONFIG_UNREADABLE` if the file cannot be loaded.
 */
export async function loadConfig(folder: string = process.cwd(), env: Environment = process.env): Promise<Config> {
  const file = findConfigFile(folder);
  const raw = await importFrom(pathToFileURL(file).href, 'default', 'CONFIG_UNREADABLE', `export default defineConfig({ … })`);
  return resolveConfig(raw, env, { file, packageRoot, cores: availableParallelism(), hasGpu: hasGpu(packageRoot) });
}

/** @throws SostenutoError `PIPELINE_UNREADABLE` */
export async function loadPipeline(entry: PipelineEntry): Promise<Pipeline> {
  const found = await importFrom(entry.url, entry.export, 'PIPELINE_UNREADABLE', 'a pipeline made by definePipeline');
  if (isPipeline(found)) return found;
  const where = `${fileURLToPath(entry.url)}, export ${entry.export}`;
  throw new SostenutoError({
    code: 'PIPELINE_UNREADABLE',
    what: `"${entry.name}" is not a pipeline.`,
    where,
    found: found === null ? 'null' : typeof found,
    expected: 'a pipeline made by definePipeline',
  });
}

/** All pipelines of the configuration, by the name under which they are run. */
export async function loadPipelines(config: Config): Promise<ReadonlyMap<string, Pipeline>> {
  // Where they look for published weights: pipelines are given settings alone.
  process.env['SOSTENUTO_WEIGHTS'] = join(config.home, 'weights');
  const loaded = await Promise.all([...config.pipelines.values()].map(async (entry) => [entry.name, await loadPipeline(entry)] as const));
  return new Map(loaded);
}

async function importFrom(url: string, name: string, code: string, expected: string): Promise<unknown> {
  const where = fileURLToPath(url);
  const module = await importDefinition(url, builds).catch((error: unknown) => {
    const found = error instanceof Error ? error.message : String(error);
    throw new SostenutoError({ code, what: `The module ${where} cannot be loaded.`, where, found, expected }, { cause: error });
  });
  if (name in module) return module[name];
  throw new SostenutoError({
    code,
    what: `The module ${where} has no export "${name}".`,
    where,
    found: Object.keys(module).join(', ') || 'no exports',
    expected,
  });
}

const isPipeline = (value: unknown): value is Pipeline =>
  typeof value === 'object' &&
  value !== null &&
  'name' in value &&
  'build' in value &&
  'settings' in value &&
  typeof value.build === 'function';

import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SostenutoError } from '../../errors/problem.ts';

const TOOLS = fileURLToPath(new URL('../../.sostenuto', import.meta.url));

export interface TemporalTool {
  readonly path: string;
  readonly source: 'TEMPORAL_CLI_PATH' | 'set-up' | '.sostenuto/bin' | 'PATH';
}

/**
 * The program that starts a server: the given one, the one that the set-up chose or built, one on PATH.
 * @throws SostenutoError `TEMPORAL_MISSING` with the ways out
 */
export function findTemporalTool(given?: string, tools: string = TOOLS, path: string = process.env['PATH'] ?? ''): TemporalTool {
  if (given !== undefined) {
    if (isExecutable(given)) return { path: given, source: 'TEMPORAL_CLI_PATH' };
    throw missing(`TEMPORAL_CLI_PATH=${given}, which is not an executable file`);
  }
  const chosen = chosenBySetup(tools);
  if (chosen !== undefined && isExecutable(chosen)) return { path: chosen, source: 'set-up' };
  const built = join(tools, 'bin', 'temporal');
  if (isExecutable(built)) return { path: built, source: '.sostenuto/bin' };
  const onPath = path
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, 'temporal'))
    .find(isExecutable);
  if (onPath !== undefined) return { path: onPath, source: 'PATH' };
  throw missing('none in .sostenuto/bin or on PATH');
}

function missing(found: string): SostenutoError {
  return new SostenutoError({
    code: 'TEMPORAL_MISSING',
    what: 'There is no Temporal server and no program to start one.',
    found,
    hint: 'point to a server (TEMPORAL_ADDRESS=host:7233) or to its tool (TEMPORAL_CLI_PATH=/path/to/temporal), or let `npx sostenuto setup` get it',
  });
}

function chosenBySetup(tools: string): string | undefined {
  try {
    const { temporal }: { temporal?: { path?: string } } = JSON.parse(readFileSync(join(tools, 'setup.json'), 'utf8'));
    return temporal?.path;
  } catch {
    return undefined;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

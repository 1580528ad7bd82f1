/** Where ffmpeg and ffprobe are: FFMPEG_PATH, what the set-up chose, PATH, the binary of an npm package. */
import { accessSync, chmodSync, constants, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SostenutoError } from '../../errors/problem.ts';

export interface MediaTools {
  readonly ffmpeg: string;
  readonly ffprobe: string;
  readonly source: 'environment' | 'setup' | 'PATH' | 'npm';
}

const PROJECT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function onPath(name: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .filter(Boolean)
    .map((directory) => join(directory, name))
    .find(isExecutable);
}

/** Binary inside `@ffmpeg-installer/<platform>` or its sibling; npm may have dropped its execute bit. */
function fromPackage(name: 'ffmpeg' | 'ffprobe'): string | undefined {
  const require = createRequire(import.meta.url);
  try {
    const found = join(dirname(require.resolve(`@${name}-installer/${process.platform}-${process.arch}/package.json`)), name);
    if (!existsSync(found)) return undefined;
    if (!isExecutable(found)) chmodSync(found, 0o755);
    return found;
  } catch {
    return undefined;
  }
}

function chosenBySetup(root: string): { ffmpeg?: string; ffprobe?: string } {
  try {
    const setup: { ffmpeg?: { ffmpeg?: string; ffprobe?: string } } = JSON.parse(readFileSync(join(root, '.sostenuto/setup.json'), 'utf8'));
    return setup.ffmpeg ?? {};
  } catch {
    return {};
  }
}

/**
 * Finds both tools; what is set in the environment wins and must work.
 * @throws SostenutoError FFMPEG_MISSING naming the three ways out.
 */
export function findMediaTools(
  options: { readonly environment?: Readonly<Record<string, string | undefined>>; readonly root?: string } = {},
): MediaTools {
  const environment = options.environment ?? process.env;
  const path = environment.PATH ?? '';
  const forced = environment.FFMPEG_PATH;
  if (forced !== undefined && forced !== '') {
    const sibling = join(dirname(forced), 'ffprobe');
    const ffprobe = environment.FFPROBE_PATH ?? (isExecutable(sibling) ? sibling : (onPath('ffprobe', path) ?? fromPackage('ffprobe')));
    if (!isExecutable(forced) || ffprobe === undefined || !isExecutable(ffprobe)) throw missing(`FFMPEG_PATH=${forced}`, ffprobe);
    return { ffmpeg: forced, ffprobe, source: 'environment' };
  }
  const setup = chosenBySetup(options.root ?? PROJECT);
  if (setup.ffmpeg && setup.ffprobe && isExecutable(setup.ffmpeg) && isExecutable(setup.ffprobe)) {
    return { ffmpeg: setup.ffmpeg, ffprobe: setup.ffprobe, source: 'setup' };
  }
  const ffmpeg = onPath('ffmpeg', path);
  const ffprobe = onPath('ffprobe', path);
  if (ffmpeg && ffprobe) return { ffmpeg, ffprobe, source: 'PATH' };
  const packaged = { ffmpeg: fromPackage('ffmpeg'), ffprobe: fromPackage('ffprobe') };
  if (packaged.ffmpeg && packaged.ffprobe) return { ffmpeg: packaged.ffmpeg, ffprobe: packaged.ffprobe, source: 'npm' };
  throw missing(undefined, ffprobe ?? packaged.ffprobe);
}

function missing(found: string | undefined, ffprobe: string | undefined): SostenutoError {
  return new SostenutoError({
    code: 'FFMPEG_MISSING',
    what: 'ffmpeg and ffprobe cannot be run',
    found: `${found ?? 'no ffmpeg'}, ${ffprobe ? `ffprobe at ${ffprobe}` : 'no ffprobe'}`,
    expected: 'two executable files',
    hint: 'install ffmpeg (for example `apt install ffmpeg`), or set FFMPEG_PATH (and FFPROBE_PATH), or run `npm install` for the packaged binaries',
  });
}

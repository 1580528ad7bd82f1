import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findMediaTools, type MediaTools } from '../../datasets/media/tools.ts';
import { SostenutoError } from '../../errors/problem.ts';
import type { Check } from './check.ts';

const execute = promisify(execFile);
const LEAST_NODE = [20, 11] as const;
const LEAST_LIBAVCODEC = 58;

/** @param version as in `process.version` */
export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const isEnough = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
  return { name: 'Node', status: isEnough ? 'ok' : 'fail', found: version, fix: `install Node ${LEAST_NODE.join('.')} or later` };
}

interface PackageFile {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}
const readPackage = (path: string): PackageFile => JSON.parse(readFileSync(path, 'utf8'));

/** Folder of an installed package as seen from `from`; its `exports` may hide its package.json, so the folders are searched. */
export function packageFolder(name: string, from: string): string | undefined {
  const places = createRequire(join(from, 'package.json')).resolve.paths(name) ?? [];
  return places.map((place) => join(place, name)).find((folder) => existsSync(join(folder, 'package.json')));
}

/** Every dependency that package.json names is installed. */
export function checkPackages(root: string): Check {
  const names = Object.keys(readPackage(join(root, 'package.json')).dependencies ?? {});
  const missing = names.filter((name) => packageFolder(name, root) === undefined);
  const found = missing.length === 0 ? `${names.length} dependencies` : `missing: ${missing.join(', ')}`;
  return { name: 'npm packages', status: missing.length === 0 ? 'ok' : 'fail', found, fix: 'npx sostenuto setup' };
}

/** Two copies of protobufjs don't know each other's types, and then no recorded history can be replayed. */
export function checkProtobuf(root: string): Check {
  const own = packageFolder('protobufjs', root);
  const users = ['@temporalio/common', '@temporalio/proto', '@temporalio/worker'].map((name) => packageFolder(name, root));
  const copies = new Set([own, ...users.map((user) => user && packageFolder('protobufjs', user))]);
  const version = own && readPackage(join(own, 'package.json')).version;
  const isOne = version !== undefined && copies.size === 1;
  return {
    name: 'protobufjs',
    status: isOne ? 'ok' : 'warn',
    found: isOne ? `${version}, one copy` : `${copies.size} copies`,
    fix: 'npm dedupe',
  };
}

/** ffmpeg and ffprobe start and are new enough: libavcodec 58 came with FFmpeg 4, and builds from git have no other number. */
export async function checkFfmpeg(find: () => MediaTools = findMediaTools): Promise<Check> {
  const fail = (found: string, fix = 'install FFmpeg 4 or later, or set FFMPEG_PATH'): Check => ({
    name: 'ffmpeg',
    status: 'fail',
    found,
    fix,
  });
  let tools: MediaTools;
  try {
    tools = find();
  } catch (error) {
    if (!(error instanceof SostenutoError)) throw error;
    const [problem] = error.problems;
    return fail(problem?.found ?? error.message, problem?.hint);
  }
  try {
    const outputs = await Promise.all([tools.ffmpeg, tools.ffprobe].map((tool) => execute(tool, ['-hide_banner', '-version'])));
    const majors = outputs.map(({ stdout }) => Number(/^libavcodec\s+(\d+)\./m.exec(stdout)?.[1] ?? 0));
    const version = /^ffmpeg version (\S+)/m.exec(outputs[0]?.stdout ?? '')?.[1] ?? 'unknown version';
    const found = `${version}, libavcodec ${majors[0]}, ${tools.source}: ${tools.ffmpeg}`;
    return majors.every((major) => major >= LEAST_LIBAVCODEC) ? { name: 'ffmpeg', status: 'ok', found } : fail(`too old: ${found}`);
  } catch (error) {
    return fail(`${tools.ffmpeg} does not start: ${error instanceof Error ? error.message.split('\n', 1)[0] : String(error)}`);
  }
}

/** The pids and paths that a person asks for first. @param tools `<package root>/.sostenuto` */
export function checkSetup(tools: string): Check {
  const exists = existsSync(join(tools, 'setup.json'));
  const found = exists ? join(tools, 'setup.json') : `not done in ${dirname(tools)}`;
  return { name: 'set-up', status: exists ? 'ok' : 'warn', found, fix: 'npx sostenuto setup' };
}

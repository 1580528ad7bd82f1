/** A Temporal server, or the program that starts one. */
import { join, resolve } from 'node:path';
import { share } from './cache.mjs';
import { firstThatWorks, NothingWorks } from './choose.mjs';
import { isExecutable, run, which } from './command.mjs';
import { givenAddress, LOCAL_ADDRESS, listens, servesTemporal } from './temporal-address.mjs';
import { buildTemporal } from './temporal-build.mjs';
import { downloadTemporal } from './temporal-download.mjs';
import { isAtLeast, parseTemporalVersion } from './versions.mjs';

/** The first with workflow updates switched on. */
const LEAST_SERVER = '1.25';

const WAYS_OUT = `no Temporal server and no way to get one. Three ways out:
  1. point to a server that runs:        TEMPORAL_ADDRESS=host:7233
  2. point to Temporal's own tool:       TEMPORAL_CLI_PATH=/path/to/temporal   (https://docs.temporal.io/cli)
  3. let it be built here:               install Go 1.25 or later (https://go.dev/dl) and start again`;

const NOT_FOR_TESTS = 'not looked at: tests start servers of their own';

/** @typedef {import('./types.d.ts').TemporalChoice} TemporalChoice */

/**
 * What discovery asks the outside world.
 * @typedef {object} Probes
 * @property {() => { address: string, source: string } | undefined} given
 * @property {(address: string) => Promise<boolean>} listens
 * @property {(address: string) => Promise<boolean>} serves
 * @property {(path: string) => Promise<string>} version throws if it is not a usable Temporal
 * @property {() => string | undefined} onPath
 * @property {() => Promise<string>} kept what an earlier set-up of any project got
 * @property {() => Promise<string>} download
 * @property {() => Promise<string>} build
 */

/**
 * In the order in which they are tried. With `needsTool`, a server that runs is not enough: tests start their own.
 * @param {{ tools: string, cliPath: string | undefined, needsTool: boolean }} place
 * @param {Probes} probes
 * @returns {import('./types.d.ts').Candidate<Omit<TemporalChoice, 'source'>>[]}
 */
export function temporalCandidates({ tools, cliPath, needsTool }, probes) {
  const tool = async (/** @type {string} */ path) => ({ path, version: await probes.version(path) });
  const given = probes.given();
  return [
    {
      source: given?.source ?? 'TEMPORAL_ADDRESS',
      attempt: async () => {
        if (!given) throw new Error('not set, nor in temporal.toml');
        if (needsTool) throw new Error(NOT_FOR_TESTS);
        if (!(await probes.listens(given.address))) throw new Error(`${given.address} does not answer`);
        return { address: given.address };
      },
    },
    {
      source: 'running server',
      attempt: async () => {
        if (needsTool) throw new Error(NOT_FOR_TESTS);
        if (!(await probes.serves(LOCAL_ADDRESS))) throw new Error(`none at ${LOCAL_ADDRESS}`);
        return { address: LOCAL_ADDRESS };
      },
    },
    {
      source: 'TEMPORAL_CLI_PATH',
      attempt: async () => {
        if (!cliPath) throw new Error('not set');
        return tool(resolve(cliPath));
      },
    },
    {
      source: 'PATH',
      attempt: async () => {
        const path = probes.onPath();
        if (!path) throw new Error('no temporal on PATH');
        return tool(path);
      },
    },
    { source: '.sostenuto/bin', attempt: () => tool(join(tools, 'bin', 'temporal')) },
    { source: 'cache', attempt: async () => tool(await probes.kept()) },
    { source: 'download', attempt: async () => tool(await probes.download()) },
    { source: 'go install', attempt: async () => tool(await probes.build()) },
  ];
}

/** @param {string} path @param {AbortSignal} [signal] @returns {Promise<string>} */
export async function temporalVersion(path, signal) {
  if (!isExecutable(path)) throw new Error(`${path} is not an executable file`);
  const { stdout } = await run(path, ['--version'], { seconds: 30, ...(signal && { signal }) });
  const { server, ui } = parseTemporalVersion(stdout);
  if (!isAtLeast(server, LEAST_SERVER)) throw new Error(`${path} is too old: server ${server}, needs ${LEAST_SERVER}`);
  return `server ${server}, UI ${ui}`;
}

/** @type {import('./types.d.ts').Step} */
export const temporal = {
  name: 'temporal',
  title: 'Temporal',
  key: ({ env }) => [givenAddress(env), env['TEMPORAL_CLI_PATH'], which('temporal', env)],
  // A running server may be gone the next time; a program's file is compared anyway.
  holds: async ({ needsTool }, value) => {
    const address = value && 'address' in value ? value.address : undefined;
    if (address === undefined) return true;
    if (needsTool) return false;
    return value?.source === 'running server' ? servesTemporal(address) : listens(address);
  },
  run: async (setup) => {
    const { env, tools, signal } = setup;
    const own = join(tools, 'bin', 'temporal');
    const kept = join(setup.cache, `temporal-${process.platform}-${process.arch}`);
    const candidates = temporalCandidates(
      { tools, cliPath: env['TEMPORAL_CLI_PATH'], needsTool: setup.needsTool },
      {
        given: () => givenAddress(env),
        listens,
        serves: servesTemporal,
        version: (path) => temporalVersion(path, signal),
        onPath: () => which('temporal', env),
        kept: async () => {
          await temporalVersion(kept, signal);
          await share(kept, own);
          return own;
        },
        download: () => downloadTemporal(setup),
        build: () => buildTemporal(setup),
      },
    );
    const { source, value, tried } = await firstThatWorks(candidates, signal).catch((error) => {
      throw error instanceof NothingWorks ? new NothingWorks(WAYS_OUT, error.tried) : error;
    });
    // For other projects; without a cache they get it by themselves.
    if (value.path === own && source !== 'cache') await share(own, kept).catch(() => {});
    return {
      found: `${value.version ?? 'server answers'}, ${source}`,
      ...((value.path ?? value.address) ? { where: value.path ?? value.address } : {}),
      tried,
      value: { source, ...value },
      files: value.path ? [value.path] : [],
    };
  },
};

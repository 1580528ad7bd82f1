/** Temporal's command line tool built with Go: the module proxy needs no account and keeps its releases. */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run, which } from './command.mjs';
import { partialName } from './lock.mjs';

/** The last release whose go.mod has no `replace`, which `go install` refuses. */
const MODULE = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';

/** What a person may have told Go for good; asked before its home is moved. */
const SETTINGS = ['GOPROXY', 'GOFLAGS', 'GOPRIVATE', 'GONOPROXY', 'GONOSUMDB', 'GOSUMDB', 'GOINSECURE', 'GOTOOLCHAIN', 'GOMODCACHE'];

/**
 * Environment that keeps everything inside `folder`; modules that are already on this machine are read, not fetched again.
 * @param {Readonly<Record<string, string | undefined>>} env @param {string} folder
 * @param {Readonly<Record<string, string>>} settings of the installed Go
 * @returns {Record<string, string | undefined>}
 */
export function goEnvironment(env, folder, settings) {
  const { GOMODCACHE = '', GOPROXY = '', GOFLAGS = '', ...others } = settings;
  const known = join(GOMODCACHE, 'cache', 'download');
  return {
    ...env,
    ...others,
    GOPROXY: existsSync(known) ? `file://${known},${GOPROXY}` : GOPROXY,
    GOFLAGS: `${GOFLAGS} -modcacherw`.trim(),
    GOPATH: join(folder, 'path'),
    GOMODCACHE: join(folder, 'path', 'pkg', 'mod'),
    GOBIN: join(folder, 'bin'),
    GOCACHE: join(folder, 'build'),
    XDG_CONFIG_HOME: join(folder, 'config'),
    CGO_ENABLED: '0',
  };
}

/** Builds into `.sostenuto/bin`. @param {import('./types.d.ts').Setup} setup @returns {Promise<string>} path */
export async function buildTemporal(setup) {
  const go = which('go', setup.env);
  if (!go) throw new Error('no Go on PATH');
  const folder = partialName(join(setup.tools, 'temporal-build'));
  const target = join(setup.tools, 'bin', 'temporal');
  const options = { signal: setup.signal, cwd: setup.tools };
  const settings = JSON.parse((await run(go, ['env', '-json', ...SETTINGS], { ...options, env: setup.env })).stdout);
  setup.note(`go install ${MODULE} (about three minutes on two cores)`);
  try {
    await mkdir(folder, { recursive: true });
    const env = goEnvironment(setup.env, folder, settings);
    await run(go, ['install', '-trimpath', '-ldflags=-s -w', MODULE], { ...options, env });
    await mkdir(join(setup.tools, 'bin'), { recursive: true });
    await rename(join(folder, 'bin', 'temporal'), target);
    return target;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

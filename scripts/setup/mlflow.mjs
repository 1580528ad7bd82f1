/** A real MLflow server for the tests of tracking; nothing else needs it. Its absence fails no set-up: those tests say that they were skipped. */
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf } from './choose.mjs';
import { pythonOf, run, which } from './command.mjs';
import { partialName } from './lock.mjs';

/** The server without what it needs for training: a third of the whole package's size. */
const PACKAGES = ['mlflow-skinny==3.17.2', 'flask<4', 'flask-cors<7', 'sqlalchemy<3', 'alembic<2', 'aiohttp<4', 'numpy<3', 'pandas<4'];

/** @param {string} folder */
const pythonIn = (folder) => join(folder, 'bin', 'python');

/** @param {import('./types.d.ts').Setup} setup @param {string} target */
async function install({ env, signal, note, tools }, target) {
  const python = pythonOf(env);
  const folder = partialName(join(tools, 'mlflow'));
  const quiet = { ...env, MLFLOW_DISABLE_TELEMETRY: 'true' };
  try {
    note(`installing ${PACKAGES[0]} for the tests (about 0.1 GB to download, 0.35 GB on disk)`);
    await run(python, ['-m', 'venv', folder], { env, signal, seconds: 120 });
    const flags = ['--quiet', '--timeout', '30', '--retries', '1', '--disable-pip-version-check', '--only-binary=:all:'];
    await run(pythonIn(folder), ['-m', 'pip', 'install', ...flags, ...PACKAGES], { env, signal, seconds: 600 });
    await run(pythonIn(folder), ['-m', 'mlflow', '--version'], { env: quiet, signal, seconds: 60 });
    await rm(target, { recursive: true, force: true });
    await rename(folder, target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @type {import('./types.d.ts').Step} */
export const mlflow = {
  name: 'mlflow',
  title: 'MLflow',
  isForTests: true,
  key: ({ env }) => [PACKAGES, env['PYTHON'], which('python3', env)],
  holds: ({ tools }) => existsSync(pythonIn(join(tools, 'mlflow'))),
  run: async (setup) => {
    const where = join(setup.tools, 'mlflow');
    try {
      await install(setup, where);
      return { found: `${PACKAGES[0]?.replace('==', ' ')} from PyPI`, where };
    } catch (error) {
      setup.signal.throwIfAborted();
      return { found: 'NOT INSTALLED: the tests against a real server are skipped', tried: [{ source: 'pip', reason: reasonOf(error) }] };
    }
  },
};

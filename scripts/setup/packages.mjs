/** npm packages, exactly as the lock file names them; as a dependency, those that the other project installed. Install scripts never run: nothing may depend on them. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CommandFailed, isExecutable, run, which } from './command.mjs';
import { installedFolder } from './installed.mjs';

/** @typedef {{ packages?: Record<string, { version?: string, integrity?: string, optional?: boolean, devOptional?: boolean }> }} LockFile */

/**
 * What of the lock file is not installed as it says. Optional packages may be absent: they belong to other platforms.
 * npm writes the list of what it installed last, so an interrupted installation has none.
 * @param {LockFile} lock package-lock.json
 * @param {LockFile} installed node_modules/.package-lock.json
 * @returns {string[]} paths below the root
 */
export function differences(lock, installed) {
  const there = installed.packages ?? {};
  return Object.entries(lock.packages ?? {})
    .filter(([path, wanted]) => {
      if (path === '') return false;
      const found = there[path];
      if (found === undefined) return !wanted.optional && !wanted.devOptional;
      return found.version !== wanted.version || found.integrity !== wanted.integrity;
    })
    .map(([path]) => path);
}

/** @param {string} root @returns {string[]} */
function differencesIn(root) {
  const installed = readJson(join(root, 'node_modules', '.package-lock.json'));
  const gone = Object.keys(installed.packages ?? {}).filter((path) => !existsSync(join(root, path)));
  return [...differences(readJson(join(root, 'package-lock.json')), installed), ...gone];
}

/** npm never puts a lock file into a package, so one that has none is a dependency and others decide what lies beside it. @param {string} root */
const isDependency = (root) => !existsSync(join(root, 'package-lock.json'));

/** @param {string} root @returns {string[]} */
function dependenciesOf(root) {
  return Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).dependencies ?? {});
}

/** @param {string} root @returns {string[]} */
export const missingDependencies = (root) => dependenciesOf(root).filter((name) => !existsSync(installedFolder(root, name)));

/** @param {string} root @returns {boolean} */
function isComplete(root) {
  if (isDependency(root)) return missingDependencies(root).length === 0;
  try {
    return differencesIn(root).length === 0;
  } catch {
    return false; // no node_modules, or an installation that did not end
  }
}

/** @param {string} path @returns {LockFile} */
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** @param {string} root @returns {number} */
const countPackages = (root) => Object.keys(readJson(join(root, 'node_modules', '.package-lock.json')).packages ?? {}).length;

/** How to start the npm that belongs to this Node. @param {import('./types.d.ts').Setup} setup @returns {[string, string[]]} */
function npmCommand({ env }) {
  const script = env['npm_execpath'];
  if (script?.endsWith('npm-cli.js') && existsSync(script)) return [process.execPath, [script]];
  const beside = join(dirname(process.execPath), 'npm');
  const npm = isExecutable(beside) ? beside : which('npm', env);
  if (npm === undefined) throw new Error('npm was not found beside Node or on PATH: install Node with npm (https://nodejs.org)');
  return [npm, []];
}

/**
 * `npm ci`; where a registry lacks packages of other platforms, npm refuses to compare and `npm install` does it, with the lock file left alone.
 * @param {import('./types.d.ts').Setup} setup
 */
async function install(setup) {
  const [npm, first] = npmCommand(setup);
  const options = { cwd: setup.root, env: setup.env, signal: setup.signal };
  const flags = ['--ignore-scripts', '--include=dev', '--no-audit', '--no-fund'];
  setup.note('npm ci (packages from package-lock.json, no install scripts)');
  try {
    await run(npm, [...first, 'ci', ...flags], options);
  } catch (error) {
    setup.signal.throwIfAborted();
    if (!(error instanceof CommandFailed) || !error.output.includes('from lock file')) throw error;
    setup.note('npm install (the registry lacks packages of other platforms, so npm ci refuses)');
    await run(npm, [...first, 'install', '--no-save', ...flags], options);
  }
}

/** @param {string} root @returns {import('./types.d.ts').Found} */
function asInstalled(root) {
  const missing = missingDependencies(root);
  if (missing.length > 0) throw new Error(`not installed: ${missing.join(', ')}. Run npm install in the project that uses this package`);
  return { found: `${dependenciesOf(root).length} dependencies, as the project installed them`, where: root };
}

/** @type {import('./types.d.ts').Step} */
export const packages = {
  name: 'packages',
  title: 'npm packages',
  key: () => [process.version.split('.', 1)[0], process.platform, process.arch],
  holds: ({ root }) => isComplete(root),
  run: async (setup) => {
    if (isDependency(setup.root)) return asInstalled(setup.root);
    const where = join(setup.root, 'node_modules');
    if (isComplete(setup.root)) return { found: `${countPackages(setup.root)} as package-lock.json says`, where };
    await install(setup);
    const wrong = differencesIn(setup.root);
    if (wrong.length > 0)
      throw new Error(`npm ended well, but ${wrong.length} packages are not as package-lock.json says: ${wrong.slice(0, 3).join(', ')}`);
    return { found: `${countPackages(setup.root)} installed from package-lock.json`, where };
  },
};

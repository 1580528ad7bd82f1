// Loads a bundle with the machine code that V8 kept from its first run. Plain JavaScript: it runs before anything can read TypeScript.
const { readFileSync, renameSync, writeFileSync } = require('node:fs');
const { createRequire, findSourceMap, SourceMap } = require('node:module');
const { dirname } = require('node:path');
const { fileURLToPath, pathToFileURL } = require('node:url');
const vm = require('node:vm');
const { isMainThread } = require('node:worker_threads');

/**
 * @param {string} file a bundle: a function of exports, require, module and import, in ASCII
 * @param {string} purpose what it is loaded for: each purpose keeps the code that it uses
 * @returns {any} what the bundle exports
 */
exports.load = (file, purpose) => {
  const kept = `${file}.${purpose}.cache`;
  const cachedData = readIfThere(kept);
  const script = new vm.Script(readFileSync(file, 'latin1'), { filename: file, cachedData });
  tellSources(dirname(dirname(file)));
  const module = { exports: {} };
  // A script with kept code has no imports of its own.
  const load = (/** @type {string} */ specifier) => import(specifier);
  script.runInThisContext()(module.exports, createRequire(file), module, load);
  if (cachedData === undefined || script.cachedDataRejected) {
    if (isMainThread) process.once('exit', () => keep(kept, script));
    else keep(kept, script);
  }
  return module.exports;
};

/** @param {string} path */
function readIfThere(path) {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** What was compiled until the end is what such a run needs. @param {string} path @param {vm.Script} script */
function keep(path, script) {
  try {
    writeFileSync(`${path}.${process.pid}`, script.createCachedData());
    renameSync(`${path}.${process.pid}`, path);
  } catch {
    // The bundle was removed meanwhile, or nothing can be written there: the next start compiles again.
  }
}

/** Stack traces name the sources; a map is read when the first trace goes through its bundle. @param {string} folder of bundles */
function tellSources(folder) {
  /** @type {Map<string, SourceMap | undefined>} */
  const maps = new Map();
  /** @param {string} path */
  const mapOf = (path) => {
    if (!path.startsWith(folder)) return findSourceMap(path);
    if (!maps.has(path)) {
      const text = readIfThere(`${path}.map`);
      maps.set(path, text && new SourceMap(JSON.parse(text.toString())));
    }
    return maps.get(path);
  };
  /** @param {NodeJS.CallSite} call */
  const placed = (call) => {
    const text = String(call);
    const [name, line, column] = [call.getFileName(), call.getLineNumber() ?? 0, call.getColumnNumber() ?? 0];
    if (!name) return text;
    const path = name.startsWith('file:') ? fileURLToPath(name) : name;
    const source = mapOf(path)?.findEntry(line - 1, column - 1);
    if (source?.originalSource === undefined) return text;
    const found = fileURLToPath(new URL(source.originalSource, pathToFileURL(path)));
    return text.replace(`${name}:${line}:${column}`, `${found}:${source.originalLine + 1}:${source.originalColumn + 1}`);
  };
  // What a workflow's code throws is told by Temporal, with the map of that code.
  const isWorkflow = (/** @type {NodeJS.CallSite[]} */ calls) => /\/workflows-\w+\.js$/.test(calls[0]?.getFileName() ?? '');
  Error.prepareStackTrace = (error, calls) =>
    [String(error), ...calls.map((call) => `    at ${isWorkflow(calls) ? call : placed(call)}`)].join('\n');
}

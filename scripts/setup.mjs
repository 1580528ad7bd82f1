#!/usr/bin/env node
/**
 * Makes a bare clone ready: npm packages, ffmpeg, a Temporal server, TensorFlow. Everything lands in node_modules and .sostenuto.
 * As a dependency of another project, the npm packages are those that the project installed.
 *   node scripts/setup.mjs [--again] [--json] [--then start|test [arguments …]]
 * `--again` makes every choice anew. Exit code 0 when all is there, 1 when something is missing; with `--then`, that program's code.
 */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from './setup/cache.mjs';
import { removePartials, takeLock } from './setup/lock.mjs';
import { readRecord, SETUP_VERSION, writeRecord } from './setup/record.mjs';
import { createReporter } from './setup/report.mjs';
import { runStages, STAGES } from './setup/steps.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tools = join(root, '.sostenuto');
const NEXT = { start: ['cli/sostenuto.mjs', 'start'], test: ['scripts/test.mjs'] };

/**
 * @param {readonly string[]} args
 * @returns {{ again: boolean, json: boolean, next: 'start' | 'test' | undefined, rest: string[] }}
 */
function parseArguments(args) {
  const then = args.indexOf('--then');
  const own = then < 0 ? args : args.slice(0, then);
  const unknown = own.find((arg) => !['--again', '--json'].includes(arg));
  const wanted = then < 0 ? undefined : args[then + 1];
  const next = wanted === 'start' || wanted === 'test' ? wanted : undefined;
  if (unknown !== undefined) throw new Error(`unknown option ${unknown}; allowed are --again, --json, --then start|test`);
  if (then >= 0 && next === undefined) throw new Error(`--then ${wanted ?? ''}: allowed are start and test`);
  return { again: own.includes('--again'), json: own.includes('--json'), next, rest: args.slice(then + 2) };
}

/** @param {{ again: boolean, json: boolean, next: 'start' | 'test' | undefined }} options @param {AbortSignal} signal */
async function setUp({ again, json, next }, signal) {
  const start = performance.now();
  const report = createReporter(json ? process.stderr : process.stdout);
  const release = await takeLock(tools, { signal, onWait: (pid) => report.print(`waiting for another set-up (process ${pid})`) });
  try {
    const cache = cacheFolder(process.env, tools);
    for (const folder of [tools, cache]) removePartials(folder);
    report.print('Setting up');
    const before = again ? { version: SETUP_VERSION, root, steps: {} } : readRecord(root, tools);
    const setup = { root, tools, cache, env: process.env, signal, needsTool: next === 'test', note: () => {} };
    const save = (/** @type {import('./setup/types.d.ts').SetupRecord} */ record) => writeRecord(tools, record);
    const { record, outcomes } = await runStages(STAGES, setup, before, { ...report, save });
    const ok = outcomes.every((outcome) => outcome.ok);
    const seconds = (performance.now() - start) / 1000;
    report.print(ok ? `Ready in ${seconds.toFixed(1)} s` : 'Not ready: see ✗ above');
    const { steps: _, version: __, root: ___, ...choices } = record;
    if (json) process.stdout.write(`${JSON.stringify({ ok, seconds, ...choices, steps: outcomes })}\n`);
    return ok;
  } finally {
    report.end();
    release();
  }
}

/** Runs the next program in our place: same terminal, same signals, its exit code. @param {string[]} args */
function continueWith(args) {
  const child = spawn(
    process.execPath,
    args.map((arg, i) => (i === 0 ? join(root, arg) : arg)),
    { stdio: 'inherit' },
  );
  // A terminal sends Ctrl-C to both; the child decides when to end.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.once('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143);
  });
}

const interrupted = new AbortController();
const interrupt = () => interrupted.abort(new Error('interrupted'));
process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
try {
  const options = parseArguments(process.argv.slice(2));
  const ok = await setUp(options, interrupted.signal);
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  if (!ok) process.exitCode = 1;
  else if (options.next) continueWith([...NEXT[options.next], ...options.rest]);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = interrupted.signal.aborted ? 130 : 1;
}

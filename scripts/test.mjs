// Everything that must hold before a change is good, cheapest first. All steps run, so that one call shows all that is wrong.
// Options: --no-skips (also CI=1): a skipped test is a failure, unless its title says `[optional: why]`. Anything else goes to vitest.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const given = process.argv.slice(2);
const mayNotSkip = given.includes('--no-skips') || !['', '0', 'false', undefined].includes(process.env.CI);
const filters = given.filter((argument) => argument !== '--no-skips');
const scratch = mkdtempSync(join(tmpdir(), 'sostenuto-test-'));
const results = join(scratch, 'results.json');

/** @type {{ name: string, command: string[], live?: boolean }[]} */
const gates = [
  { name: 'format and lint', command: ['biome', 'check', '--error-on-warnings', '.'] },
  { name: 'types', command: ['tsc', '-p', '.'] },
  { name: 'layers', command: ['vitest', 'run', 'test/layers', '--reporter=dot'] },
  { name: 'dead code', command: ['knip', '--no-config-hints'] },
];
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`];
const tests = { name: 'tests', command: ['vitest', 'run', '--exclude=test/layers/**', ...reporters, ...filters], live: true };
const steps = filters.length > 0 ? [tests] : [...gates, tests];

/** Runs one step; what it printed is shown only if it failed, or at once if it is `live`. */
function run({ command: [name, ...rest], live }) {
  const environment = { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH ?? ''}` };
  const child = spawn(name, rest, { cwd: root, env: environment, stdio: live ? 'inherit' : ['ignore', 'pipe', 'pipe'] });
  const printed = [];
  child.stdout?.on('data', (chunk) => printed.push(chunk));
  child.stderr?.on('data', (chunk) => printed.push(chunk));
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ ok: false, printed: error.message }));
    child.on('close', (status) => resolve({ ok: status === 0, printed: Buffer.concat(printed).toString() }));
  });
}

/** Titles of the tests that did not run, with their files. */
function skippedTests() {
  try {
    const { testResults } = JSON.parse(readFileSync(results, 'utf8'));
    return testResults.flatMap(({ name, assertionResults }) =>
      assertionResults
        .filter(({ status }) => !['passed', 'failed'].includes(status))
        .map(({ fullName }) => `${name.replace(root, '')}: ${fullName}`),
    );
  } catch {
    return [];
  }
}

const failed = [];
for (const step of steps) {
  if (step.live) console.log(`… ${step.name}`);
  const started = performance.now();
  const { ok, printed } = await run(step);
  console.log(`${ok ? '✓' : '✗'} ${step.name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  if (ok) continue;
  failed.push(step.name);
  if (printed) console.log(printed.trimEnd());
}

const skipped = skippedTests();
rmSync(scratch, { recursive: true, force: true });
if (skipped.length > 0) {
  console.log(`\n! ${skipped.length} tests were SKIPPED, so they prove nothing:`);
  for (const title of skipped) console.log(`  ! ${title}`);
  const missing = skipped.filter((title) => !title.includes('[optional'));
  if (mayNotSkip && missing.length > 0) failed.push(`${missing.length} skipped tests that may not be skipped here`);
}
console.log(failed.length === 0 ? '\nAll steps passed.' : `\nFailed: ${failed.join('; ')}.`);
process.exitCode = failed.length === 0 ? 0 : 1;

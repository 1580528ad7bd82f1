#!/usr/bin/env node
// The door: makes sure that set-up was done, finds or makes the bundled command, and hands over to main.ts.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const builds = `${root}.sostenuto/build`;
const memo = `${builds}/command.json`;
const words = process.argv.slice(2);

if (!existsSync(`${root}.sostenuto/setup.json`)) {
  const isAsked = words[0] === 'setup' && !words.includes('--help') && !words.includes('-h');
  // Its lines go to stderr, if stdout belongs to another command that was asked for.
  const { status } = spawnSync(process.execPath, [`${root}scripts/setup.mjs`, ...(isAsked ? words.slice(1) : [])], {
    cwd: root,
    stdio: isAsked ? 'inherit' : ['inherit', 2, 2],
  });
  if (isAsked || status !== 0) process.exit(status ?? 1);
}

const { main } = bundled(upToDate()) ?? (await fromSources());
await main(words);

/** The folder of the bundle, if no source has changed since it was made; as `readMemo` in engine/memo. */
function upToDate() {
  try {
    const { files, value } = JSON.parse(readFileSync(memo, 'utf8'));
    const isFresh = files.every(([path, bytes, changedNs]) => {
      const found = statSync(path, { bigint: true });
      return Number(found.size) === bytes && String(found.mtimeNs) === changedNs;
    });
    return isFresh && existsSync(`${value}/command.cjs`) ? value : undefined;
  } catch {
    return undefined;
  }
}

function bundled(folder) {
  if (folder === undefined) return undefined;
  const [verb = ''] = words;
  // Verbs use different parts of the bundle, so each keeps its own compiled code.
  return createRequire(import.meta.url)('./build/load.cjs').load(`${folder}/command.cjs`, /^[a-z]+$/.test(verb) ? verb : 'help');
}

/** Bundles for now and the next times; where nothing can be written, Node reads the sources. */
async function fromSources() {
  const { register } = await import('tsx/esm/api');
  register();
  const { buildCommand } = await import('./build/command.ts');
  return bundled(await buildCommand(root, builds, memo).catch(() => undefined)) ?? (await import('./main.ts'));
}

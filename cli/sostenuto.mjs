#!/usr/bin/env node
// The door: makes sure that set-up was done, teaches Node to read TypeScript, and hands over to main.ts.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

if (!existsSync(`${root}.sostenuto/setup.json`)) {
  // Its lines go to stderr: stdout belongs to the command that was asked for.
  const { status } = spawnSync(process.execPath, [`${root}scripts/setup.mjs`], { cwd: root, stdio: ['inherit', 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
}

const { register } = await import('tsx/esm/api');
register();
const { main } = await import('./main.ts');
await main(process.argv.slice(2));

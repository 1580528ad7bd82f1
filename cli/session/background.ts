import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { arriveFor } from './presence.ts';

/** Starts `sostenuto up` in a process of its own that ends when no run is open any more. Returns the path of its log. */
export function workInBackground({ home, packageRoot, root }: Config): string {
  mkdirSync(join(home, 'logs'), { recursive: true });
  const path = join(home, 'logs', 'background.log');
  const log = openSync(path, 'a');
  const entry = join(packageRoot, 'cli', 'sostenuto.mjs');
  const child = spawn(process.execPath, [entry, 'up', '--while-running'], { cwd: root, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  // From now on it counts as somebody who needs the server, so that this process doesn't take it along.
  if (child.pid !== undefined) arriveFor(home, child.pid);
  child.unref();
  return path;
}

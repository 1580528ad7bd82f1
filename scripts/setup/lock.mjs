/** One set-up at a time in one place; a second one waits and then finds everything done. */
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** @param {number} pid @returns {boolean} */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/**
 * Takes the lock, waiting for a living holder; the lock of a dead one is taken over.
 * @param {string} tools
 * @param {{ signal: AbortSignal, onWait: (pid: number) => void }} options
 * @returns {Promise<() => void>} release
 */
export async function takeLock(tools, { signal, onWait }) {
  mkdirSync(tools, { recursive: true });
  const path = join(tools, 'setup.lock');
  const own = partialName(path);
  writeFileSync(own, `${process.pid}\n`);
  for (let told = false; ; ) {
    try {
      linkSync(own, path); // unlike open(…, 'wx'), appears with its content
      rmSync(own);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const holder = readHolder(path);
    if (holder === undefined || !isAlive(holder)) {
      rmSync(path, { force: true });
      continue;
    }
    if (!told) onWait(holder);
    told = true;
    await sleep(300, undefined, { signal });
  }
}

/** @param {string} path @returns {number | undefined} */
function readHolder(path) {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Name of something unfinished; never looked at by anyone else. @param {string} path @returns {string} */
export function partialName(path) {
  return `${path}.partial-${process.pid}`;
}

/** Removes what interrupted set-ups left. @param {string} folder */
export function removePartials(folder) {
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const pid = /\.partial-(\d+)$/.exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

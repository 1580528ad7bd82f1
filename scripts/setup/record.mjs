/** `.sostenuto/setup.json`: what was chosen, so that the next call only has to look whether it still holds. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Raise it when a step's meaning changes: every earlier choice is then made anew. */
export const SETUP_VERSION = 1;

/** @typedef {import('./types.d.ts').SetupRecord} SetupRecord */
/** @typedef {import('./types.d.ts').FileStamp} FileStamp */

/** The last record, or an empty one if there is none for this place and version. @param {string} root @param {string} tools @returns {SetupRecord} */
export function readRecord(root, tools) {
  const empty = { version: SETUP_VERSION, root, steps: {} };
  try {
    const record = JSON.parse(readFileSync(join(tools, 'setup.json'), 'utf8'));
    const usable = record.version === SETUP_VERSION && record.root === root && typeof record.steps === 'object';
    return usable ? record : empty;
  } catch {
    return empty;
  }
}

/** Written under another name and renamed, so that no reader sees half of it. @param {string} tools @param {SetupRecord} record */
export function writeRecord(tools, record) {
  mkdirSync(tools, { recursive: true });
  const partial = join(tools, `setup.json.partial-${process.pid}`);
  writeFileSync(partial, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(partial, join(tools, 'setup.json'));
}

/** Digest of anything JSON. @param {unknown} value @returns {string} */
export function digestOf(value) {
  return createHash('sha256')
    .update(JSON.stringify([SETUP_VERSION, value]))
    .digest('hex');
}

/** Size and time of a file; throws if it is missing. @param {string} path @returns {FileStamp} */
export function stampOf(path) {
  const { size, mtimeMs } = statSync(path);
  return { path, size, mtimeMs };
}

/** Whether the file is still the one that was stamped. @param {FileStamp} stamp @returns {boolean} */
export function isUnchanged(stamp) {
  try {
    const now = stampOf(stamp.path);
    return now.size === stamp.size && now.mtimeMs === stamp.mtimeMs;
  } catch {
    return false;
  }
}

import { createHash } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isAlive } from '../leases/is-alive.ts';
import { makeFolder } from '../store/make-folder.ts';
import { errorCode, storageFailure } from '../store/storage-failure.ts';
import type { TableName } from './tables.ts';

// A segment is a JSONL file with one writer. While that process may still add to it, its name ends in `.open.jsonl`.

const openEnding = '.open.jsonl';
const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
let segments = 0;

export const tableFolder = (root: string, table: TableName): string => join(root, table);

/** A name no other process takes; it says who writes, so that a later process knows whether the writer is gone. */
export function newSegment(): string {
  return `${Date.now().toString(36)}-${host}-${process.pid}-${segments++}${openEnding}`;
}

/** Adds whole lines and syncs; a write that fails half-way is undone. */
export function appendLines(path: string, text: string): void {
  try {
    const file = openSync(path, 'a');
    try {
      const before = fstatSync(file).size;
      try {
        const bytes = Buffer.from(text);
        for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
        fsyncSync(file);
      } catch (error) {
        ftruncateSync(file, before);
        throw error;
      }
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw storageFailure(error, path);
  }
}

/** Nothing more is added: the segment may be compacted. */
export function seal(path: string): string {
  const sealed = `${path.slice(0, -openEnding.length)}.jsonl`;
  renameSync(path, sealed);
  return sealed;
}

/** Files of a table with an ending, by name; none if the table has no folder yet. */
export function filesOf(root: string, table: TableName, ending: string): string[] {
  try {
    return readdirSync(tableFolder(root, table))
      .filter((name) => name.endsWith(ending))
      .sort();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Seals the open segments whose writer is gone: a dead process of this machine, or a day of silence. */
export function sealAbandoned(root: string, table: TableName, now: number): void {
  for (const name of filesOf(root, table, openEnding)) {
    const path = join(tableFolder(root, table), name);
    const [, writerHost, pid] = name.split('-');
    const age = now - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now);
    if (age > 86_400_000 || (writerHost === host && !isAlive(Number(pid)))) seal(path);
  }
}

/** Which Parquet files hold the compacted rows, and which segments they stand for. Replacing this file is what makes a compaction valid. */
export interface Compacted {
  readonly format: 1;
  readonly tables: Partial<Record<TableName, { readonly parquet: readonly string[]; readonly replaced: readonly string[] }>>;
}

export function readCompacted(root: string): Compacted {
  try {
    return JSON.parse(readFileSync(join(root, 'compacted.json'), 'utf8'));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return { format: 1, tables: {} };
    throw error;
  }
}

/** Files that make up a table now: Parquet files, and the segments they do not stand for. */
export function currentFiles(root: string, table: TableName): { parquet: string[]; segments: string[] } {
  const names = filesOf(root, table, '.jsonl');
  const { parquet = [], replaced = [] } = readCompacted(root).tables[table] ?? {};
  const at = (name: string) => join(tableFolder(root, table), name);
  return { parquet: parquet.map(at), segments: names.filter((name) => !replaced.includes(name)).map(at) };
}

export function makeFolders(root: string, folders: readonly string[]): void {
  for (const folder of folders) makeFolder(join(root, folder));
}

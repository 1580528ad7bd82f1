import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isAlive } from '../../engine/leases/is-alive.ts';
import { commandOf } from './ports.ts';

/** `server.json` in a home: the server that was started for it. */
export interface ServerRecord {
  /** host:port of gRPC. */
  readonly address: string;
  readonly uiPort: number;
  readonly pid: number;
  /** ISO 8601. */
  readonly startedAt: string;
}

const schema: z.ZodType<ServerRecord> = z.object({
  address: z.string(),
  uiPort: z.number(),
  pid: z.number().int().positive(),
  startedAt: z.string(),
});

export const databaseOf = (home: string): string => join(home, 'temporal.db');
const recordPath = (home: string): string => join(home, 'server.json');
const endingPath = (home: string): string => join(home, 'server.ending.json');

/** The record, if there is one that can be read. */
export const readServerRecord = (home: string): ServerRecord | undefined => readRecord(recordPath(home));
/** The record of a server that was told to end and may not have come to it yet. */
export const readEndingRecord = (home: string): ServerRecord | undefined => readRecord(endingPath(home));

function readRecord(path: string): ServerRecord | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** Written under another name and renamed: no reader sees half of it. */
export function writeServerRecord(home: string, record: ServerRecord): void {
  mkdirSync(home, { recursive: true });
  const partial = `${recordPath(home)}.${process.pid}`;
  writeFileSync(partial, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(partial, recordPath(home));
}

/** From now on it is no server that anybody may use. */
export function noteEnding(home: string): void {
  renameSync(recordPath(home), endingPath(home));
}

export function removeEndingRecord(home: string): void {
  rmSync(endingPath(home), { force: true });
}

/**
 * Whether the recorded process lives and is this home's server. Process numbers are used again, so its command line must name
 * this home's database; where no command line can be read (another system), a living process is believed.
 */
export function isOwnServer(home: string, record: ServerRecord): boolean {
  if (!isAlive(record.pid)) return false;
  const command = commandOf(record.pid);
  return command === '' ? process.platform === 'win32' : command.includes(databaseOf(home));
}

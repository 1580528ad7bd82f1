import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isAlive } from '../../engine/leases/is-alive.ts';

let made = 0;
const owner = (pid: number): string => `${hostname()}-${pid}`;

/** A private empty directory, made when it is first asked for. */
export class WorkDirectory {
  readonly #home: string;
  #path: string | undefined;

  constructor(home: string) {
    this.#home = home;
  }

  get path(): string {
    if (this.#path === undefined) {
      this.#path = join(this.#home, 'work', `${owner(process.pid)}-${++made}`);
      rmSync(this.#path, { recursive: true, force: true });
      mkdirSync(this.#path, { recursive: true });
    }
    return this.#path;
  }

  remove(): void {
    if (this.#path !== undefined) rmSync(this.#path, { recursive: true, force: true });
    this.#path = undefined;
  }
}

/** Removes the work directories that dead processes of this machine left behind. */
export function sweepWorkDirectories(home: string): void {
  let names: string[];
  try {
    names = readdirSync(join(home, 'work'));
  } catch {
    return;
  }
  for (const name of names) {
    const pid = Number(name.match(/-(\d+)-\d+$/)?.[1]);
    if (!name.startsWith(`${hostname()}-`) || !Number.isInteger(pid) || isAlive(pid)) continue;
    rmSync(join(home, 'work', name), { recursive: true, force: true });
  }
}

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { readEndingRecord } from '../../../cli/server/record.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
export const exampleFolder = join(root, 'examples', 'word-count');

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The last line of stdout, as JSON. */
  json<T>(): T;
}

/** The command line in a home of its own, run as a person would. */
export class CommandLine {
  readonly home = mkdtempSync(join(tmpdir(), 'sostenuto-cli-'));
  readonly #folder: string;
  readonly #entry: string;
  readonly #running = new Set<ChildProcess>();

  readonly #ports: Record<string, string>;

  /**
   * @param ports free ones, for what starts a server
   * @param packageRoot where the package lies, if not here
   */
  constructor({
    folder = exampleFolder,
    ports = [],
    packageRoot = root,
  }: { folder?: string; ports?: readonly number[]; packageRoot?: string } = {}) {
    this.#folder = folder;
    this.#entry = join(packageRoot, 'cli', 'sostenuto.mjs');
    const [server, ui, web] = ports.map(String);
    this.#ports = {
      ...(server === undefined ? {} : { SOSTENUTO_SERVER_PORT: server }),
      ...(ui === undefined ? {} : { SOSTENUTO_UI_PORT: ui }),
      ...(web === undefined ? {} : { SOSTENUTO_WEB_PORT: web }),
    };
  }

  start(...words: string[]): { child: ChildProcess; finished: Promise<Finished> } {
    return this.#spawn(words);
  }

  #spawn(words: readonly string[], typed?: string): { child: ChildProcess; finished: Promise<Finished> } {
    const { NO_COLOR: _, TEMPORAL_ADDRESS: __, ...environment } = process.env;
    const child = spawn(process.execPath, [this.#entry, ...words], {
      cwd: this.#folder,
      env: { ...environment, SOSTENUTO_HOME: this.home, ...this.#ports },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin.end(typed);
    this.#running.add(child);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += String(chunk);
    });
    child.stderr.on('data', (chunk) => {
      stderr += String(chunk);
    });
    const finished = new Promise<Finished>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => {
        this.#running.delete(child);
        resolve({ code, stdout, stderr, json: () => JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') });
      });
    });
    return { child, finished };
  }

  run(...words: string[]): Promise<Finished> {
    return this.start(...words).finished;
  }

  /** Runs it with something typed on stdin. */
  type(typed: string, ...words: string[]): Promise<Finished> {
    return this.#spawn(words, typed).finished;
  }

  /** The same inside this process, which is quicker; for what starts nothing. */
  async here(...words: string[]): Promise<Finished> {
    const { execute } = await import('../../../cli/main.ts');
    const printed = { stdout: '', stderr: '' };
    const before = process.cwd();
    const spies = (['stdout', 'stderr'] as const).map((name) =>
      vi.spyOn(process[name], 'write').mockImplementation((text) => {
        printed[name] += String(text);
        return true;
      }),
    );
    // With a port of its own it looks at no server of somebody else.
    vi.stubEnv('SOSTENUTO_HOME', this.home).stubEnv('TEMPORAL_ADDRESS', '').stubEnv('SOSTENUTO_SERVER_PORT', '1');
    process.chdir(this.#folder);
    try {
      const code = await execute(words);
      return { code, ...printed, json: () => JSON.parse(printed.stdout.trimEnd().split('\n').at(-1) ?? '') };
    } finally {
      process.chdir(before);
      process.exitCode = 0;
      vi.unstubAllEnvs();
      for (const spy of spies) spy.mockRestore();
    }
  }

  /** Ends what is still running: the commands, what they left in the background, and the server. */
  async end(): Promise<void> {
    await Promise.all([...this.#running].map((child) => new Promise((done) => child.on('close', done).kill('SIGTERM'))));
    for (const pid of this.#leftBehind()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    rmSync(this.home, { recursive: true, force: true });
  }

  #leftBehind(): number[] {
    const sessions = join(this.home, 'sessions');
    const started = join(this.home, 'server-of-sessions');
    const pids = [...(existsSync(sessions) ? readdirSync(sessions) : []), ...(existsSync(started) ? [readFileSync(started, 'utf8')] : [])];
    const ending = readEndingRecord(this.home);
    return [...pids, ...(ending === undefined ? [] : [ending.pid])].map(Number).filter((pid) => pid > 1);
  }
}

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const python = fileURLToPath(new URL('../../../../.sostenuto/mlflow/bin/python', import.meta.url));
/** Why there is no server, if there is none. */
export const missing = existsSync(python) ? undefined : `no MLflow in .sostenuto/mlflow: npm run setup -- --then test`;

export interface MlflowServer {
  readonly uri: string;
  /** Reads from the server without the project's own client. */
  get(path: string): Promise<Answer>;
  post(path: string, body: unknown): Promise<Answer>;
  stop(): Promise<void>;
}
/** Whatever the server says; a test looks at what it needs. */
export interface Answer {
  readonly [name: string]: Answer | undefined;
}

/** A real `mlflow server` with a database and an artifact proxy of its own. */
export async function startMlflow(): Promise<MlflowServer> {
  const folder = mkdtempSync(join(tmpdir(), 'sostenuto-mlflow-'));
  const port = await freePort();
  const uri = `http://127.0.0.1:${port}`;
  const stores = [
    '--backend-store-uri',
    `sqlite:///${folder}/mlflow.db`,
    '--serve-artifacts',
    '--artifacts-destination',
    `${folder}/artifacts`,
  ];
  const child = spawn(python, ['-m', 'mlflow', 'server', ...stores, '--host', '127.0.0.1', '--port', String(port), '--workers', '1'], {
    cwd: folder,
    env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true', DO_NOT_TRACK: 'true', MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false' },
    // A group of its own: it has children.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      printed = (printed + String(chunk)).slice(-4000);
    });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  async function stop(): Promise<void> {
    end(child);
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
  while (!(await answers(uri))) {
    if (child.exitCode !== null) throw new Error(`mlflow server ended: ${printed}`);
    await sleep(200);
  }
  const ask = async (path: string, init?: RequestInit): Promise<Answer> =>
    (await fetch(`${uri}/api/2.0/${path}`, init)).json() as Promise<Answer>;
  return {
    uri,
    get: (path) => ask(path),
    post: (path, body) => ask(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    stop,
  };
}

function end(child: ChildProcess): void {
  try {
    process.kill(-(child.pid ?? 0), 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

const answers = (uri: string): Promise<boolean> =>
  fetch(`${uri}/version`).then(
    ({ ok }) => ok,
    () => false,
  );

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

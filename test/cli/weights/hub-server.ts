import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach } from 'vitest';
import { copyFolder, fixtureOf } from '../../models/encoders/folders.ts';

const hashed = (algorithm: string, ...parts: (string | Buffer)[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash(algorithm)).digest('hex');

/** What a test makes of the answers. */
interface Behaviour {
  /** Ends the connection after so many bytes of a file's body, so many times. */
  cut?: { readonly name: string; readonly after: number; times: number };
  /** How far the download has come: a connection is cut once all that was sent has arrived. Without it, at once. */
  arrived?: () => number;
  /** Serves other bytes than it announces. */
  spoilt?: string;
  /** Sends a whole file whatever part was asked for. */
  ignoresRanges?: boolean;
}

/** A model hub over real HTTP: a revision's files with their digests, parts of files, and large ones by way of a redirect. */
export async function startHub(repository: string, folder: string, behaviour: Behaviour) {
  const commit = '0123456789abcdef0123456789abcdef01234567';
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(folder, name)).isFile());
  const files = new Map(names.map((name) => [name, readFileSync(join(folder, name))] as const));
  const requests: { name: string; range: string | undefined; sent: number }[] = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://hub');
    if (pathname === `/api/models/${repository}`) {
      const siblings = [...files].map(([rfilename, content]) => ({
        rfilename,
        size: content.length,
        blobId: hashed('sha1', `blob ${content.length}\0`, content),
        ...(content.length > 50_000 && { lfs: { sha256: hashed('sha256', content), size: content.length, pointerSize: 134 } }),
      }));
      response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify({ id: repository, sha: commit, cardData: { license: 'apache-2.0' }, siblings }));
      return;
    }
    const start = `/${repository}/resolve/${commit}/`;
    if (pathname.startsWith(start) && (files.get(pathname.slice(start.length))?.length ?? 0) > 50_000) {
      response.writeHead(302, { location: `/storage/${pathname.slice(start.length)}` }).end();
      return;
    }
    const name = pathname.replace(start, '').replace('/storage/', '');
    const content = files.get(name);
    if (!content) {
      response.writeHead(404).end();
      return;
    }
    const { range } = request.headers;
    const from = behaviour.ignoresRanges ? 0 : Number(range?.match(/^bytes=(\d+)-$/)?.[1] ?? 0);
    const body = Buffer.from(content.subarray(from));
    if (behaviour.spoilt === name) body[body.length - 1] = (body.at(-1) ?? 0) ^ 1;
    const asked = { name, range, sent: body.length };
    requests.push(asked);
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': body.length,
      ...(from > 0 && { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` }),
    });
    const { cut } = behaviour;
    if (cut?.name === name && cut.times-- > 0) {
      asked.sent = Math.min(cut.after, body.length);
      response.write(body.subarray(0, cut.after));
      const look = setInterval(() => {
        if ((behaviour.arrived?.() ?? Number.POSITIVE_INFINITY) >= from + asked.sent) response.destroy();
      }, 5);
      response.on('close', () => clearInterval(look));
    } else response.end(body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}`,
    commit,
    requests,
    files,
    close: () => new Promise<void>((done) => server.close(() => done()).closeAllConnections()),
  };
}

export const REPOSITORY = 'google/flan-t5-small';
export const WEIGHTS = 'model.safetensors';

/** A hub for the tests of a file, with a small model and what need not be downloaded; before each of them it forgets what it was asked and told. */
export async function publishedHub() {
  const folder = mkdtempSync(join(tmpdir(), 'published-'));
  copyFolder(fixtureOf.t5, folder);
  for (const other of ['README.md', 'pytorch_model.bin']) writeFileSync(join(folder, other), 'not needed');
  let behaviour: Behaviour = {};
  const hub = await startHub(REPOSITORY, folder, new Proxy({}, { get: (_, key) => Reflect.get(behaviour, key) }));
  beforeEach(() => {
    behaviour = {};
    hub.requests.length = 0;
  });
  afterAll(async () => {
    await hub.close();
    rmSync(folder, { recursive: true });
  });
  return {
    ...hub,
    folder,
    behave(next: Behaviour): void {
      behaviour = next;
    },
  };
}

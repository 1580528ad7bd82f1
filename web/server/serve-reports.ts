import { createReadStream } from 'node:fs';
import { mkdir, open, realpath } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join, resolve, sep } from 'node:path';
import { SostenutoError } from '../../errors/problem.ts';
import { parseRange } from './byte-range.ts';
import { renderList } from './list-page.ts';

export interface ReportServer {
  /** Ends with `/`; a report is at `<url><its directory>/`. */
  readonly url: string;
  close(): Promise<void>;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.wav': 'audio/wav',
  '.mp3': 'audio/mpeg',
  '.flac': 'audio/flac',
  '.ogg': 'audio/ogg',
  '.m4a': 'audio/mp4',
  '.mp4': 'video/mp4',
  '.webm': 'video/webm',
};

/**
 * Serves `<home>/reports` to this machine alone: a list of the reports at `/`, the reports with their media below.
 * Throws `PORT_IN_USE`. Port 0, the default, takes a free one.
 */
export async function serveReports({ home, port = 0 }: { readonly home: string; readonly port?: number }): Promise<ReportServer> {
  const folder = resolve(home, 'reports');
  await mkdir(folder, { recursive: true });
  const root = await realpath(folder);
  const server = createServer((request, response) => {
    answer(root, request, response).catch(() => refuse(response, 500, 'The report could not be read.'));
  });
  await new Promise<void>((done, fail) => {
    server.once('error', (error: NodeJS.ErrnoException) => fail(error.code === 'EADDRINUSE' ? portInUse(port) : error));
    server.listen(port, '127.0.0.1', done);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('an address with a port expected');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function answer(root: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return refuse(response, 405, 'Reports can only be read.', { allow: 'GET, HEAD' });
  // A foreign page must not reach this server by giving its own name this machine's address.
  if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(request.headers.host ?? ''))
    return refuse(response, 403, 'This server answers to 127.0.0.1 and localhost alone.');
  const path = requestedPath(request.url ?? '/');
  if (path === undefined) return refuse(response, 400, 'This address is not allowed.');
  if (path === '') return sendText(request, response, await renderList(root));
  if (!path.includes('/')) return redirect(response, `/${encodeURIComponent(path)}/`);
  const found = await realpath(join(root, path.endsWith('/') ? `${path}index.html` : path)).catch(() => undefined);
  // The real path counts: a link may not lead out either.
  if (found === undefined || !found.startsWith(root + sep)) return refuse(response, 404, 'There is no such report.');
  await sendFile(found, request, response);
}

/** Decoded path below the root, without the leading `/`; undefined if it could mean another place. */
function requestedPath(url: string): string | undefined {
  try {
    const decoded = decodeURIComponent(url.replace(/[?#].*$/, ''));
    const parts = decoded.slice(1).split('/');
    if (!decoded.startsWith('/') || /[\\\p{Cc}]/u.test(decoded)) return undefined;
    if (parts.some((part, i) => part === '..' || part === '.' || (part === '' && i < parts.length - 1))) return undefined;
    return decoded.slice(1);
  } catch {
    return undefined;
  }
}

async function sendFile(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const file = await open(path);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) return refuse(response, 404, 'There is no such report.');
    const headers = {
      'content-type': types[extname(path).toLowerCase()] ?? 'application/octet-stream',
      'accept-ranges': 'bytes',
      'last-modified': stat.mtime.toUTCString(),
      ...safety,
    };
    const range = parseRange(request.headers.range, stat.size);
    if (range === 'unsatisfiable') return refuse(response, 416, 'The file has no such bytes.', { 'content-range': `bytes */${stat.size}` });
    const { start, end } = range ?? { start: 0, end: stat.size - 1 };
    response.writeHead(range === undefined ? 200 : 206, {
      ...headers,
      'content-length': end - start + 1,
      ...(range === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${stat.size}` }),
    });
    if (request.method === 'HEAD' || stat.size === 0) return void response.end();
    await pour(path, start, end, response);
  } finally {
    await file.close();
  }
}

/** A reader that goes away in the middle is no error. */
function pour(path: string, start: number, end: number, response: ServerResponse): Promise<void> {
  return new Promise((done) => {
    const stream = createReadStream(path, { start, end });
    stream.on('error', () => response.destroy());
    response.on('close', () => {
      stream.destroy();
      done();
    });
    stream.pipe(response);
  });
}

const safety = {
  'cache-control': 'no-cache',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

function sendText(request: IncomingMessage, response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': Buffer.byteLength(text), ...safety });
  response.end(request.method === 'HEAD' ? undefined : text);
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(301, { location, ...safety });
  response.end();
}

function refuse(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...safety, ...headers });
  response.end(`${text}\n`);
}

const portInUse = (port: number): SostenutoError =>
  new SostenutoError({
    code: 'PORT_IN_USE',
    what: 'The report server cannot start.',
    where: `127.0.0.1:${port}`,
    found: 'another program listens there',
    expected: 'a free port',
    hint: 'Choose another port, or 0 for any free one.',
  });

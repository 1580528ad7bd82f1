import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { download } from './modules.ts';

let folder: string;
let server: Server | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'setup-download-'));
});
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  rmSync(folder, { recursive: true });
});

async function serve(answer: RequestListener): Promise<string> {
  server = createServer(answer);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/archive`;
}
const fetchTo = (url: string, patienceSeconds = 10) =>
  download.download(url, join(folder, 'archive'), { signal: new AbortController().signal, patienceSeconds });

describe('a download', () => {
  it('gets its name when it is whole', async () => {
    const url = await serve((_, response) => response.end('the whole archive'));
    await fetchTo(url);
    expect(readFileSync(join(folder, 'archive'), 'utf8')).toBe('the whole archive');
    expect(readdirSync(folder)).toEqual(['archive']);
  });

  it.each([
    ['that breaks off', (response) => response.writeHead(200, { 'content-length': '1000' }).write('half', () => response.destroy())],
    ['that is refused', (response) => response.writeHead(404).end('no')],
    ['that stalls', (response) => response.writeHead(200).write('half')],
    ['that never answers', () => {}],
  ] satisfies [string, (response: Parameters<RequestListener>[1]) => unknown][])('%s leaves nothing behind', async (_, answer) => {
    const url = await serve((__, response) => void answer(response));
    await expect(fetchTo(url, 0.2)).rejects.toThrow(Error);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('that stalls says for how long nothing came', async () => {
    const url = await serve((_, response) => void response.writeHead(200).write('half'));
    await expect(fetchTo(url, 0.2)).rejects.toThrow(/no answer from 127\.0\.0\.1:\d+ for 0\.2 s/);
  });
});

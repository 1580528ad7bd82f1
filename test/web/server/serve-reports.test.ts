import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeReport } from '../../../web/report/write-report.ts';
import { parseRange } from '../../../web/server/byte-range.ts';
import { type ReportServer, serveReports } from '../../../web/server/serve-reports.ts';
import { exampleModel } from '../example.ts';

let home: string;
let server: ReportServer;
const audio = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 256));

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'reports-'));
  await writeReport(exampleModel, new Map(), join(home, 'reports', 'first'));
  writeFileSync(join(home, 'reports', 'first', 'media', 'sound.wav'), audio);
  writeFileSync(join(home, 'secret.txt'), 'secret');
  symlinkSync(join(home, 'secret.txt'), join(home, 'reports', 'first', 'link.txt'));
  mkdirSync(join(home, 'reports', 'empty'));
  server = await serveReports({ home });
});
afterAll(async () => {
  await server.close();
  rmSync(home, { recursive: true, force: true });
});

/** A request whose path is sent as it is; `fetch` would tidy it up before. */
function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<{ status: number; headers: Record<string, unknown>; body: Buffer }> {
  const { port } = new URL(server.url);
  return new Promise((done, fail) => {
    const sent = request({ host: '127.0.0.1', port, path, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => done({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }));
    });
    sent.on('error', fail);
    sent.end();
  });
}

describe('the report server', () => {
  it('listens on this machine alone', () => {
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  });

  it('lists the reports, and only them', async () => {
    const { body, headers } = await ask('/');
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(body.toString()).toContain('href="first/"');
    expect(body.toString()).not.toContain('href="empty/"');
  });

  it('serves a report as a folder, so that its media are found', async () => {
    expect(await ask('/first')).toMatchObject({ status: 301, headers: { location: '/first/' } });
    const { status, body } = await ask('/first/');
    expect(status).toBe(200);
    expect(body.toString()).toContain(exampleModel.run.workflowId);
  });

  it.each([
    ['/../secret.txt', 400],
    ['/first/../../secret.txt', 400],
    ['/%2e%2e/secret.txt', 400],
    ['/first/%2e%2e%2f%2e%2e%2fsecret.txt', 400],
    ['/first/..%5c..%5csecret.txt', 400],
    ['/first//etc/passwd', 400],
    ['//etc/passwd', 400],
    ['/first/%00', 400],
    ['/first/%zz', 400],
    ['/first/link.txt', 404],
    ['/first/media', 404],
    ['/first/none.wav', 404],
    ['/empty/', 404],
  ])('refuses %s', async (path, status) => {
    const answer = await ask(path);
    expect(answer.status).toBe(status);
    expect(answer.body.toString()).not.toContain('secret');
  });

  it('refuses other names for this machine, and writing', async () => {
    expect((await ask('/', { headers: { host: 'evil.example' } })).status).toBe(403);
    expect((await ask('/', { method: 'POST' })).status).toBe(405);
  });

  it('sends parts of a sound, as players ask for them', async () => {
    const part = await ask('/first/media/sound.wav', { headers: { range: 'bytes=100-199' } });
    expect(part.status).toBe(206);
    expect(part.headers).toMatchObject({ 'content-range': 'bytes 100-199/1000', 'content-length': '100', 'content-type': 'audio/wav' });
    expect(part.body).toEqual(audio.subarray(100, 200));
    expect((await ask('/first/media/sound.wav', { headers: { range: 'bytes=2000-' } })).headers['content-range']).toBe('bytes */1000');
    expect((await ask('/first/media/sound.wav')).body).toEqual(audio);
  });

  it('answers HEAD without a body', async () => {
    const { status, headers, body } = await ask('/first/media/sound.wav', { method: 'HEAD' });
    expect([status, headers['content-length'], body.length]).toEqual([200, '1000', 0]);
  });

  it('says so when its port is taken', async () => {
    await expect(serveReports({ home, port: Number(new URL(server.url).port) })).rejects.toThrow(
      expect.objectContaining({ code: 'PORT_IN_USE' }),
    );
  });
});

describe('byte ranges', () => {
  it.each([
    [undefined, undefined],
    ['bytes=0-', { start: 0, end: 9 }],
    ['bytes=2-4', { start: 2, end: 4 }],
    ['bytes=8-99', { start: 8, end: 9 }],
    ['bytes=-3', { start: 7, end: 9 }],
    ['bytes=-99', { start: 0, end: 9 }],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=4-2', undefined],
    ['bytes=0-1,3-4', undefined],
    ['lines=1-2', undefined],
    ['bytes=-', undefined],
  ])('%s of ten bytes', (header, expected) => expect(parseRange(header, 10)).toEqual(expected));
});

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReportModel } from '../../../web/report/model.ts';
import { writeReport } from '../../../web/report/write-report.ts';
import { exampleMedia, exampleModel } from '../example.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'report-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const written = (): ReportModel => JSON.parse(readFileSync(join(folder, 'reports', 'one', 'report.json'), 'utf8'));

describe('writing a report', () => {
  it('puts the page, its model and its media side by side', async () => {
    const page = await writeReport(exampleModel, exampleMedia(join(folder, 'sources')), join(folder, 'reports', 'one'));
    expect(page).toBe(join(folder, 'reports', 'one', 'index.html'));
    expect(readFileSync(page, 'utf8')).toContain('media/evaluation/clip-1/original.wav.spectrogram.png');
    expect(readdirSync(join(folder, 'reports', 'one'))).toEqual(['index.html', 'media', 'report.json']);
    expect(readdirSync(join(folder, 'reports'))).toEqual(['one']);
  });

  it('measures each sound, and draws it', async () => {
    await writeReport(exampleModel, exampleMedia(join(folder, 'sources')), join(folder, 'reports', 'one'));
    const item = written().exhibits[0]?.groups[0]?.items[0];
    expect(item?.spectrogram).toMatchObject({ seconds: 2, highestHz: 12_000 });
    expect(statSync(join(folder, 'reports', 'one', 'media', item?.spectrogram?.image ?? '')).size).toBeGreaterThan(2000);
  });

  it('draws each piano roll, and says in words what it shows', async () => {
    const page = await writeReport(exampleModel, exampleMedia(join(folder, 'sources')), join(folder, 'reports', 'one'));
    const item = written().exhibits[0]?.groups[1]?.items[2];
    expect(item?.rolls?.[0]?.picture?.told).toMatch(/^5 notes from .* in 2\.0 s; \d+ % agrees with what was played$/);
    expect(statSync(join(folder, 'reports', 'one', 'media', item?.rolls?.[0]?.picture?.image ?? '')).size).toBeGreaterThan(900);
    expect(readFileSync(page, 'utf8')).toContain('alt="Piano roll, heard of generated, A marimba phrase, rising: 5 notes');
  });

  it('links media instead of copying them', async () => {
    const sources = exampleMedia(join(folder, 'sources'));
    await writeReport(exampleModel, sources, join(folder, 'reports', 'one'));
    const [name = '', source = ''] = [...sources][0] ?? [];
    expect(statSync(join(folder, 'reports', 'one', 'media', name)).ino).toBe(statSync(source).ino);
  });

  it('replaces an older report as a whole', async () => {
    mkdirSync(join(folder, 'reports', 'one'), { recursive: true });
    writeFileSync(join(folder, 'reports', 'one', 'leftover'), 'old');
    await writeReport(exampleModel, new Map(), join(folder, 'reports', 'one'));
    expect(readdirSync(join(folder, 'reports', 'one'))).toEqual(['index.html', 'media', 'report.json']);
  });

  it('leaves the older report and nothing else when a medium is missing', async () => {
    await writeReport(exampleModel, new Map(), join(folder, 'reports', 'one'));
    const before = written();
    await expect(writeReport(exampleModel, new Map([['a.wav', join(folder, 'gone')]]), join(folder, 'reports', 'one'))).rejects.toThrow(
      'ENOENT',
    );
    expect(written()).toEqual(before);
    expect(readdirSync(join(folder, 'reports'))).toEqual(['one']);
  });

  it.each(['../evil.wav', '/etc/passwd', 'a/../../b.wav', 'a\\b.wav', '', 'a//b'])('refuses the medium %j', async (name) => {
    writeFileSync(join(folder, 'sound'), 'x');
    await expect(writeReport(exampleModel, new Map([[name, join(folder, 'sound')]]), join(folder, 'reports', 'one'))).rejects.toThrow(
      expect.objectContaining({ code: 'BAD_MEDIA_NAME' }),
    );
    expect(existsSync(join(folder, 'reports', 'one'))).toBe(false);
  });

  it('goes on without a picture for a sound it cannot read', async () => {
    writeFileSync(join(folder, 'broken'), 'not a wav');
    const exhibits = [{ node: 'n', title: 't', groups: [{ title: 'g', items: [{ title: 'i', audio: 'broken.wav' }] }] }];
    await writeReport({ ...exampleModel, exhibits }, new Map([['broken.wav', join(folder, 'broken')]]), join(folder, 'reports', 'one'));
    expect(written().exhibits[0]?.groups[0]?.items).toEqual([{ title: 'i', audio: 'broken.wav' }]);
  });
});

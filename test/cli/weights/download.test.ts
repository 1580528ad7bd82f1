import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { downloadFile } from '../../../cli/weights/download.ts';
import { chooseFiles, type HubFile, readRevision } from '../../../cli/weights/hub.ts';
import { sha256 } from '../../../engine/keys/keys.ts';
import { copyFolder, splitWeights } from '../../models/encoders/folders.ts';
import { publishedHub, REPOSITORY, startHub, WEIGHTS } from './hub-server.ts';

const hub = await publishedHub();

describe('a download', () => {
  const folder = mkdtempSync(join(tmpdir(), 'download-'));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, WEIGHTS);
  const whole = () => hub.files.get(WEIGHTS) ?? Buffer.alloc(0);
  const announced = async (): Promise<HubFile> => {
    const file = (await readRevision(hub.address, REPOSITORY)).files.find(({ name }) => name === WEIGHTS);
    if (!file) throw new Error('not published');
    return file;
  };
  const quick = { patience: 1 };
  const isWhole = () => readFileSync(path).equals(whole());

  test('whose connection breaks goes on where it was, as often as it takes', async () => {
    let arrived = 0;
    hub.behave({ cut: { name: WEIGHTS, after: 30_000, times: 2 }, arrived: () => arrived });
    const progress = (bytes: number) => {
      arrived = bytes;
    };
    await downloadFile(await announced(), path, { ...quick, progress });
    expect(isWhole()).toBe(true);
    expect(hub.requests.map(({ range }) => range)).toEqual([undefined, 'bytes=30000-', 'bytes=60000-']);
    expect(hub.requests.reduce((sum, { sent }) => sum + sent, 0)).toBe(whole().length);
    expect(readdirSync(folder)).toEqual([WEIGHTS]);
  });
  test('that was stopped is gone on with by the next call', async () => {
    hub.behave({ cut: { name: WEIGHTS, after: 40_000, times: 1 }, arrived: () => 0 });
    const stopping = new AbortController();
    const stopped = downloadFile(await announced(), path, {
      signal: stopping.signal,
      progress: (bytes) => bytes === 40_000 && stopping.abort(new Error('stopped')),
    });
    await expect(stopped).rejects.toThrow('stopped');
    expect(existsSync(path)).toBe(false);
    await downloadFile(await announced(), path, quick);
    expect(isWhole()).toBe(true);
    expect(hub.requests.at(-1)).toMatchObject({ range: 'bytes=40000-', sent: whole().length - 40_000 });
  });
  test('from a server without ranges begins anew', async () => {
    hub.behave({ ignoresRanges: true, cut: { name: WEIGHTS, after: 50_000, times: 1 } });
    await downloadFile(await announced(), path, quick);
    expect(isWhole()).toBe(true);
  });
  test('that brings nothing several times is given up, with what there is', async () => {
    hub.behave({ cut: { name: WEIGHTS, after: 0, times: 9 } });
    const failed = downloadFile(await announced(), path, { ...quick, attempts: 3 });
    await expect(failed).rejects.toMatchObject({
      code: 'WEIGHTS_UNREACHABLE',
      problems: [{ found: expect.stringContaining('after 0 bytes') }],
    });
    expect(hub.requests).toHaveLength(3);
  });
  test('of other bytes than were announced is thrown away; also where the first part was wrong and the rest right', async () => {
    const file = await announced();
    hub.behave({ spoilt: WEIGHTS });
    await expect(downloadFile(file, path, quick)).rejects.toMatchObject({
      code: 'WEIGHTS_DIGEST',
      problems: [{ expected: `sha256 ${sha256(whole())}` }],
    });
    expect(readdirSync(folder)).toEqual([]);
    hub.behave({});
    writeFileSync(`${path}.${file.digest.hex.slice(0, 12)}.partial`, Buffer.alloc(1000));
    await expect(downloadFile(file, path, quick)).rejects.toMatchObject({ code: 'WEIGHTS_DIGEST' });
    await downloadFile(file, path, quick);
    expect(isWhole()).toBe(true);
  });
  test('of small files is checked by the digest that git gives them', async () => {
    const small = (await readRevision(hub.address, REPOSITORY)).files.find(({ name }) => name === 'config.json');
    if (!small) throw new Error('not published');
    expect(small.digest.kind).toBe('git');
    const wrong = { ...small, digest: { ...small.digest, hex: '0'.repeat(40) } };
    await expect(downloadFile(wrong, join(folder, 'config.json'), quick)).rejects.toMatchObject({ code: 'WEIGHTS_DIGEST' });
    await downloadFile(small, join(folder, 'config.json'), quick);
    expect(readdirSync(folder)).toEqual(['config.json']);
  });
});

describe('files of a repository', () => {
  test('are those that the encoder needs; weights in pieces where they are not whole', async () => {
    const names = (files: readonly HubFile[]) => files.map(({ name }) => name).sort();
    const revision = await readRevision(hub.address, REPOSITORY);
    expect(names(chooseFiles('text', revision, { repository: REPOSITORY }))).toEqual([
      'config.json',
      WEIGHTS,
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    const pieces = copyFolder(hub.folder, mkdtempSync(join(tmpdir(), 'pieces-')));
    await splitWeights(pieces);
    const other = await startHub('a/b', pieces, {});
    expect(names(chooseFiles('codec', await readRevision(other.address, 'a/b'), { repository: 'a/b' }))).toEqual([
      'config.json',
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
      'model.safetensors.index.json',
    ]);
    await other.close();
    rmSync(pieces, { recursive: true });
    const torch = { ...revision, files: revision.files.filter(({ name }) => name !== WEIGHTS) };
    expect(() => chooseFiles('text', torch, { repository: REPOSITORY })).toThrow(/pytorch_model.bin[\s\S]*safetensors/);
    await expect(readRevision(hub.address, 'no/such')).rejects.toMatchObject({
      code: 'WEIGHTS_UNREACHABLE',
      problems: [{ found: 'status 404' }],
    });
  });
});

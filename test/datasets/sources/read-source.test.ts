import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSource, withoutTestVideos } from '../../../datasets/sources/read-source.ts';
import { base, folderWith, lines, read } from './set-folder.ts';

describe('a folder of one’s own', () => {
  test('without a manifest takes every media file, captions and notes from beside it', async () => {
    const { entries, absent } = await read('folder', { 'a b.txt': 'a bell\n', 'q.txt': Buffer.from('caf\xe9', 'latin1') }, [
      'q.wav',
      'a b.wav',
      'test/x.mp4',
      'p/one.mp4',
      'p/one.mid',
      'notes.md',
    ]);
    expect(entries.map(({ id, set, split, captions, midi }) => [id, set, split, captions[0], midi])).toEqual([
      ['a_b', 'sounds', 'train', 'a bell', undefined],
      ['p_one', 'piano', 'train', '', 'p/one.mid'],
      ['test_x', 'events', 'test', '', undefined],
    ]);
    expect(absent).toMatchObject([{ id: 'q.txt:1', reason: 'bad row', detail: expect.stringMatching(/not UTF-8/) }]);
  });

  test('with a manifest tells what is missing, refused, doubled and malformed', async () => {
    const row = (id: string, media = 'a.wav', split = 'train') => ({ id, split, caption: 'x', media });
    const root = folderWith(
      {
        'manifest.jsonl': lines(
          row('a'),
          row('b', 'gone.wav'),
          row('c', '../out.wav'),
          row('a'),
          row('d', 'a.wav', 'dev'),
          row('e', 'link.wav'),
        ),
      },
      ['a.wav'],
    );
    symlinkSync('/etc/hostname', join(root, 'link.wav'));
    const { entries, absent } = await readSource('folder', root);
    expect(entries.map(({ id }) => id)).toEqual(['a']);
    expect(absent.map(({ id, reason }) => [id, reason])).toEqual([
      ['b', 'missing'],
      ['c', 'refused path'],
      ['e', 'refused path'],
      ['manifest.jsonl:4', 'duplicate id'],
      ['manifest.jsonl:5', 'bad row'],
    ]);
  });

  test('with two manifests, or nothing at all, is refused', async () => {
    await expect(read('folder', { 'manifest.csv': '', 'manifest.jsonl': '' })).rejects.toMatchObject({ code: 'MANIFEST_FORMAT' });
    await expect(read('folder', { 'readme.md': '' })).rejects.toMatchObject({ code: 'MANIFEST_MISSING' });
    await expect(readSource('folder', join(base, 'nowhere'))).rejects.toMatchObject({ code: 'MANIFEST_MISSING' });
  });
});

test('the synthetic sets are a source like any other', async () => {
  const row = { id: 'sounds-1-00000', split: 'train', caption: 'a bell', media: 's.wav' };
  const { entries } = await read(
    'synthetic',
    { 'sounds/manifest.jsonl': lines(row), 'events/manifest.jsonl': lines({ ...row, id: 'e' }) },
    ['sounds/s.wav', 'events/s.wav'],
  );
  expect(entries.map(({ set, media }) => [set, media])).toEqual([
    ['sounds', 'sounds/s.wav'],
    ['events', 'events/s.wav'],
  ]);
});

test('no video of a test set is trained on under another name, though its file is missing there', async () => {
  const captioned = (ytid: string) => ({ ytid, caption: 'x' });
  const trained = await read(
    'af-audioset',
    { 'AF-AudioSet.json': lines(...['aaaaaaaaaaa', 'bbbbbbbbbbb', 'ccccccccccc', 'ddddddddddd'].map(captioned)) },
    ['Yaaaaaaaaaaa.wav', 'Ybbbbbbbbbbb.wav', 'Yccccccccccc.wav', 'Yddddddddddd.wav'],
  );
  const wavcaps = await read(
    'wavcaps',
    { 'as_final.json': JSON.stringify({ num_captions_per_audio: 1, data: [{ id: 'Yaaaaaaaaaaa.wav', caption: 'x' }] }) },
    ['Yaaaaaaaaaaa.flac'],
  );
  const vggsound = await read('vggsound', { 'vggsound.csv': 'aaaaaaaaaaa,1,x,test\nddddddddddd,1,x,train\n' }, [
    'aaaaaaaaaaa_000001.mp4',
    'ddddddddddd_000001.mp4',
  ]);
  const audiocaps = await read('audiocaps', { 'test.csv': 'audiocap_id,youtube_id,start_time,caption\n1,bbbbbbbbbbb,70,x\n' });
  const [af, wav, vgg] = withoutTestVideos([trained, wavcaps, vggsound, audiocaps]);
  expect(af?.entries.map(({ youtube }) => youtube)).toEqual(['ccccccccccc', 'ddddddddddd']);
  expect(af?.absent.map(({ id, detail }) => [id, detail])).toEqual([
    ['aaaaaaaaaaa', 'its video aaaaaaaaaaa is in the test set of vggsound'],
    ['bbbbbbbbbbb', 'its video bbbbbbbbbbb is in the test set of audiocaps'],
  ]);
  expect(wav?.entries).toEqual([]);
  expect(vgg?.entries).toHaveLength(2);
});

test('nor is one that a list has in both splits', async () => {
  const twice = await read('vggsound', { 'vggsound.csv': 'aaaaaaaaaaa,1,x,train\naaaaaaaaaaa,1,x,test\n' }, ['aaaaaaaaaaa_000001.mp4']);
  const [left] = withoutTestVideos([twice]);
  expect(left?.entries).toEqual([]);
  expect(left?.absent.map(({ reason }) => reason)).toEqual(['duplicate id', 'excluded']);
});

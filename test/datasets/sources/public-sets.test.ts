import { describe, expect, test } from 'vitest';
import { lines, read } from './set-folder.ts';

describe('VGGSound', () => {
  const list = '--0PQM4-hqg,30,waterfall burbling,train\n---g-f_I2yQ,1,"chinchilla barking, rattling",test\n_x0000000gone,5,skiing,train\n';
  test('has no header, quotes labels with commas, and names files by the start in six digits', async () => {
    const { entries, absent } = await read('vggsound', { 'vggsound.csv': list.replace('_x0000000gone', '_x000000gon') }, [
      'video/--0PQM4-hqg_000030.mp4',
      'video/---g-f_I2yQ_000001.mp4',
    ]);
    expect(entries).toEqual([
      {
        id: '--0PQM4-hqg_000030',
        set: 'events',
        split: 'train',
        captions: ['waterfall burbling'],
        label: 'waterfall burbling',
        youtube: '--0PQM4-hqg',
        media: 'video/--0PQM4-hqg_000030.mp4',
      },
      expect.objectContaining({ split: 'test', captions: ['chinchilla barking, rattling'] }),
    ]);
    expect(absent).toEqual([
      { id: '_x000000gon_000005', split: 'train', youtube: '_x000000gon', reason: 'missing', detail: 'no _x000000gon_000005.mp4' },
    ]);
  });

  test('an unquoted comma and a wrong id are rows of their own, the others stay', async () => {
    const { entries, absent } = await read(
      'vggsound',
      { 'vggsound.csv': 'aaaaaaaaaaa,1,one,train\nbbbbbbbbbbb,2,two, and more,train\nshort,3,three,train\nccccccccccc,4,four,dev\n' },
      ['aaaaaaaaaaa_000001.mp4'],
    );
    expect(entries).toHaveLength(1);
    expect(absent.map(({ id, reason }) => [id, reason])).toEqual([
      ['vggsound.csv:2', 'bad row'],
      ['vggsound.csv:3', 'bad row'],
      ['vggsound.csv:4', 'bad row'],
    ]);
  });

  test('another table in its place is refused', async () => {
    await expect(read('vggsound', { 'vggsound.csv': 'id,label\na,b\n' })).rejects.toMatchObject({ code: 'MANIFEST_COLUMNS' });
    await expect(read('vggsound', {})).rejects.toMatchObject({ code: 'MANIFEST_MISSING' });
  });
});

describe('AudioCaps', () => {
  const header = 'audiocap_id,youtube_id,start_time,caption\n';
  test('has a clip for the rows of one video and start, wherever they stand', async () => {
    const { entries } = await read(
      'audiocaps',
      {
        'train.csv': `${header}91139,r1nicOVtvkQ,130,A woman talks nearby as water pours\n`,
        'val.csv': `${header}97151,-fY_TJq7n_U,130,"Rustling occurs, ducks quack"\n108945,tdWhHV3X25Q,60,An audience claps\n97152,-fY_TJq7n_U,130,Ducks\n`,
      },
      ['r1nicOVtvkQ.wav', 'audio/Y-fY_TJq7n_U.wav', 'tdWhHV3X25Q.m4a'],
    );
    expect(entries.map(({ id, split, captions, media }) => [id, split, captions.length, media])).toEqual([
      ['r1nicOVtvkQ_130', 'train', 1, 'r1nicOVtvkQ.wav'],
      ['-fY_TJq7n_U_130', 'validation', 2, 'audio/Y-fY_TJq7n_U.wav'],
      ['tdWhHV3X25Q_60', 'validation', 1, 'tdWhHV3X25Q.m4a'],
    ]);
  });
  test('without a column it needs it is refused, with the columns that are there', async () => {
    const reading = read('audiocaps', { 'train.csv': 'id,youtube_id,start,caption\n1,r1nicOVtvkQ,1,x\n' });
    await expect(reading).rejects.toMatchObject({ code: 'MANIFEST_COLUMNS' });
    await expect(reading).rejects.toThrowError(/without audiocap_id, start_time/);
  });
});

describe('WavCaps', () => {
  const list = (...data: unknown[]) => JSON.stringify({ num_captions_per_audio: 1, data });
  const audioset = { id: 'Yb0RFKhbpFJA.wav', caption: 'Wind blows.', audio: 'wav_path', duration: 10 };
  const bell = {
    id: '1234',
    title: 'Bell.wav',
    description: '',
    author: 'x',
    href: '/1',
    caption: 'A bell.',
    duration: 71.2,
    download_link: '',
  };
  test('has a list for each of four sources; ids of AudioSet are file names; numbers are told apart by their folder', async () => {
    const { entries, absent } = await read(
      'wavcaps',
      {
        'json_files/AudioSet_SL/as_final.json': list(audioset),
        'json_files/FreeSound/fsd_final.json': list(bell, { ...bell, id: '99', tags: ['x'] }),
        'json_files/SoundBible/sb_final.json': list(bell),
        'json_files/BBC_Sound_Effects/bbc_final.json': list({ id: 'NHU05093027', description: 'd', category: 'c', caption: 'Birds.' }),
        'json_files/blacklist/blacklist_exclude_test_ac.json': JSON.stringify({ FreeSound: ['99'], AudioSet: ['Yother.wav'] }),
      },
      [
        'Zip_files/AudioSet_SL/AudioSet_SL_flac/Yb0RFKhbpFJA.flac',
        'Zip_files/SoundBible/1234.flac',
        'BBC_Sound_Effects_flac/NHU05093027.flac',
      ],
    );
    expect(entries.map(({ id, youtube, media }) => [id, youtube, media])).toEqual([
      ['AudioSet_SL-Yb0RFKhbpFJA', 'b0RFKhbpFJA', 'Zip_files/AudioSet_SL/AudioSet_SL_flac/Yb0RFKhbpFJA.flac'],
      ['BBC_Sound_Effects-NHU05093027', undefined, 'BBC_Sound_Effects_flac/NHU05093027.flac'],
      ['SoundBible-1234', undefined, 'Zip_files/SoundBible/1234.flac'],
    ]);
    expect(absent.map(({ id, reason }) => [id, reason])).toEqual([
      ['FreeSound-1234', 'missing'],
      ['FreeSound-99', 'excluded'],
    ]);
  });
  test('a blacklist that is none is refused by name', async () => {
    const reading = read('wavcaps', { 'sb_final.json': list(bell), 'blacklist/mine.json': '["1234"]' });
    await expect(reading).rejects.toMatchObject({ code: 'MANIFEST_FORMAT', problems: [{ where: expect.stringMatching(/mine\.json$/) }] });
  });
  test('a list that is cut off is refused, an element that is none is a row of its own', async () => {
    await expect(read('wavcaps', { 'sb_final.json': list(bell).slice(0, -9) })).rejects.toMatchObject({ code: 'MANIFEST_FORMAT' });
    const { absent } = await read('wavcaps', { 'sb_final.json': list({ id: 1 }, 7) });
    expect(absent.map(({ id }) => id)).toEqual(['sb_final.json:1', 'sb_final.json:2']);
  });
});

test('TangoPromptBank is JSON Lines, with paths of another machine', async () => {
  const { entries, absent } = await read(
    'tango-prompt-bank',
    {
      'data.json': lines(
        { captions: 'A dog barks.', location: 'esc-50/1-100032-A-0.wav' },
        { captions: ['Blues.', 'A guitar.'], location: '/home/user/data/gtzan/blues/blues.00000.wav' },
        { captions: 'x', location: '../../etc/passwd.wav' },
        { caption: 'x' },
      ),
    },
    ['esc-50/1-100032-A-0.wav', 'gtzan/blues/blues.00000.wav'],
  );
  expect(entries.map(({ media, captions }) => [media, captions])).toEqual([
    ['esc-50/1-100032-A-0.wav', ['A dog barks.']],
    ['gtzan/blues/blues.00000.wav', ['Blues.', 'A guitar.']],
  ]);
  expect(absent.map(({ reason }) => reason)).toEqual(['refused path', 'bad row']);
});

test('MusicCaps says in a column what is for evaluation; its captions go over lines', async () => {
  const header = 'ytid,start_s,end_s,audioset_positive_labels,aspect_list,caption,author_id,is_balanced_subset,is_audioset_eval\n';
  const { entries, absent } = await read(
    'musiccaps',
    {
      'musiccaps-public.csv': `${header}-0Gj8-vB1q4,30,40,"/m/0140xf,/m/02cjck","['low quality', 'sustained strings melody']","The low quality recording features a ballad.\nIt sounds ""sad"".",4,False,True\n-0SdAVK79lg,30,40,/m/0155w,"['guitar song']",A guitar.,0,False,False\nbad,1,2,,,,,,\n`,
    },
    ['-0Gj8-vB1q4.wav', '[-0SdAVK79lg]-[30-40].wav'],
  );
  expect(entries.map(({ id, split, media }) => [id, split, media])).toEqual([
    ['-0Gj8-vB1q4', 'test', '-0Gj8-vB1q4.wav'],
    ['-0SdAVK79lg', 'train', '[-0SdAVK79lg]-[30-40].wav'],
  ]);
  expect(entries[0]?.captions[0]).toBe('The low quality recording features a ballad.\nIt sounds "sad".');
  expect(absent).toMatchObject([{ id: 'musiccaps-public.csv:5', reason: 'bad row' }]);
});

test('AF-AudioSet is JSON Lines of ids and captions, or as the released training code lists it', async () => {
  const rows = [
    { ytid: '-0049jMXAOI', caption: 'Wind.' },
    { id: 'YaAbBcCdDeEf', caption: 'Rain.', audio: '/data/YaAbBcCdDeEf.wav' },
    { ytid: 'short', caption: 'x' },
  ];
  const { entries, absent } = await read('af-audioset', { 'AF-AudioSet.json': lines(...rows) }, ['Y-0049jMXAOI.wav', 'aAbBcCdDeEf.flac']);
  expect(entries.map(({ youtube, media }) => [youtube, media])).toEqual([
    ['-0049jMXAOI', 'Y-0049jMXAOI.wav'],
    ['aAbBcCdDeEf', 'aAbBcCdDeEf.flac'],
  ]);
  expect(absent).toHaveLength(1);
});

test.each([
  ['Latin-1', Buffer.from('aaaaaaaaaaa,1,caf\xe9,train\n', 'latin1')],
  ['UTF-16', Buffer.from('\ufeffaaaaaaaaaaa,1,x,train\n', 'utf16le')],
])('a list in %s is refused', async (_, bytes) => {
  await expect(read('vggsound', { 'vggsound.csv': bytes })).rejects.toMatchObject({ code: 'MANIFEST_ENCODING' });
});

test('a mark at the start of a list is no part of its first id', async () => {
  const { entries } = await read('vggsound', { 'vggsound.csv': '\ufeffaaaaaaaaaaa,1,x,train\n' }, ['aaaaaaaaaaa_000001.mp4']);
  expect(entries).toHaveLength(1);
});

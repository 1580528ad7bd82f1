import { expect, test } from 'vitest';
import { read } from './set-folder.ts';

test('PianoYT has no header, gives y before x, calls test 3, and lacks some videos', async () => {
  const row = (id: string, rest: string) => `${id},https://www.youtube.com/watch?v=${id},${rest}\n`;
  const { entries, absent } = await read(
    'pianoyt',
    {
      'pianoyt.csv': `${row('0Ivu3a_LJ2c', '1,516,702,34,1250')}${row('__Ec2DG_LpE', '3,10,20,30,40')}${row('gonegonegon', '1,1,2,3,4')}${row('xxxxxxxxxxx', '2,1,2,3,4')}`,
    },
    ['videos/0Ivu3a_LJ2c.mp4', 'pianoyt_MIDI/audio_0Ivu3a_LJ2c.0.midi', 'videos/__Ec2DG_LpE.webm'],
  );
  expect(entries).toMatchObject([
    { id: '0Ivu3a_LJ2c', split: 'train', crop: { x: 34, y: 516, width: 1216, height: 186 }, midi: 'pianoyt_MIDI/audio_0Ivu3a_LJ2c.0.midi' },
  ]);
  expect(absent.map(({ split, reason, detail }) => [split, reason, detail])).toEqual([
    ['test', 'missing', 'no audio___Ec2DG_LpE.0.midi'],
    ['train', 'missing', 'no gonegonegon.mp4'],
    [undefined, 'bad row', expect.stringMatching(/1 or 3/)],
  ]);
});

test('Audeo lists addresses under two headings, gives x before y, and numbers its folders', async () => {
  const { entries, absent } = await read(
    'audeo',
    {
      'Video_Id.md':
        '# Training\n- https://youtu.be/_3qnL9ddHuw\n- https://youtu.be/HB8-w5CvMls\n\nTesting\n- https://youtu.be/u5nBBJndN3I\n',
      'piano_coords.py':
        '# upper_left_x\ntrain_piano_coords = [(68,674,1869,863), (38,680,\n 1882,875)]\n\ntest_piano_coords = [(41,679,1880,881)]',
    },
    [
      '_3qnL9ddHuw.mp4',
      'OF_midi_files/training/Bach Prelude and Fugue No.1 in C.mid',
      'OF_midi_files/training/Bach Prelude and Fugue No.11 in F.mid',
      'videos/testing/Bach Prelude and Fugue No.1 in C.mp4',
      'OF_midi_files/testing/Bach Prelude and Fugue No.1 in C.mid',
    ],
  );
  expect(entries.map(({ id, split, media, midi, crop }) => [id, split, media, midi, crop?.x, crop?.height])).toEqual([
    ['_3qnL9ddHuw', 'train', '_3qnL9ddHuw.mp4', 'OF_midi_files/training/Bach Prelude and Fugue No.1 in C.mid', 68, 189],
    [
      'u5nBBJndN3I',
      'test',
      'videos/testing/Bach Prelude and Fugue No.1 in C.mp4',
      'OF_midi_files/testing/Bach Prelude and Fugue No.1 in C.mid',
      41,
      202,
    ],
  ]);
  expect(absent).toMatchObject([{ id: 'HB8-w5CvMls', reason: 'missing' }]);
});

test('Piano-10h has five views, sound and notes of a piece by each pianist', async () => {
  const files = ['front.mp4', 'top.mp4', 'left.mp4', 'right.mp4', 'pedal.mp4', 'audio.wav', 'midi.mid'];
  const all = (place: string) => files.map((name) => `${place}/${name}`);
  const { entries, absent } = await read('piano-10h', {}, [...all('train/a/k545'), ...all('train/b/k545'), ...all('test/a/op10').slice(1)]);
  expect(entries.map(({ id, piece, pianist }) => [id, piece, pianist])).toEqual([
    ['k545-a', 'k545', 'a'],
    ['k545-b', 'k545', 'b'],
  ]);
  expect(entries[0]).toMatchObject({
    audio: 'train/a/k545/audio.wav',
    midi: 'train/a/k545/midi.mid',
    views: { pedal: 'train/a/k545/pedal.mp4' },
  });
  expect(absent).toMatchObject([{ id: 'op10-a', split: 'test', detail: 'no test/a/op10/front.mp4' }]);
});

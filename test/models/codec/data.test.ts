import { expect, test } from 'vitest';
import { codecClips, cropBatches, normalise, pianoClip } from '../../../models/codec/data.ts';

const options = { seed: 1, pieces: 2, sounds: 2, sampleRate: 8000 };

test('clips are centred, peak at 0.5 and repeat by their seed', () => {
  const [clips, again] = [codecClips('train', options), codecClips('train', options)];
  expect(clips.map(({ id }) => id)).toEqual(['train-piano-0', 'train-piano-1', 'train-sound-0', 'train-sound-1']);
  for (const [i, { wave }] of clips.entries()) {
    expect(wave).toEqual(again[i]?.wave);
    expect(wave.reduce((peak, value) => Math.max(peak, Math.abs(value)), 0)).toBeCloseTo(0.5, 4);
  }
});

test('the splits hold different pieces', () => {
  expect(pianoClip('train', 1, 0, 8000).wave).not.toEqual(pianoClip('test', 1, 0, 8000).wave);
});

test('a batch depends on its step alone', () => {
  const clips = codecClips('train', options);
  const batches = () => cropBatches(clips, { seed: 1, batchSize: 2, cropSamples: 800, pianoShare: 0.5 });
  const [forward, direct] = [batches(), batches()];
  forward(0);
  forward(1);
  expect(forward(2)).toEqual(direct(2));
  expect(forward(2)).not.toEqual(forward(3));
});

test('a clip shorter than a crop is followed by silence', () => {
  const wave = normalise(Float32Array.of(1, -1));
  const batch = cropBatches([{ id: 'x', kind: 'sound', wave }], { seed: 1, batchSize: 1, cropSamples: 6, pianoShare: 0.5 })(0);
  expect(Array.from(batch.slice(2))).toEqual([0, 0, 0, 0]);
  expect(batch[0]).not.toBe(0);
});

import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadBackend } from '../../../models/backend/index.ts';
import { findNativePackages } from '../../../models/backend/native.ts';
import { CODEC_CONFIG } from '../../../models/codec/config.ts';
import { codecClips } from '../../../models/codec/data.ts';
import { evaluateCodec } from '../../../models/codec/evaluate.ts';
import { codecParameters, initialValues } from '../../../models/codec/parameters.ts';
import { publishCodec, readManifest, SHIPPED_CODEC } from '../../../models/codec/publish.ts';
import { loadEncodec } from '../../../models/encoders/encodec/index.ts';
import { TINY_CONFIG, TINY_RECIPE } from './tiny.ts';

const fastest = findNativePackages().length > 0 ? 'tensorflow' : 'wasm';

test('the shipped codec is small, complete and the one of its manifest', async () => {
  const manifest = await readManifest(SHIPPED_CODEC);
  expect((await stat(join(SHIPPED_CODEC, 'model.safetensors'))).size).toBeLessThan(3e6);
  const { tf } = await loadBackend(fastest);
  const model = await loadEncodec(tf, SHIPPED_CODEC);
  expect(model.config).toEqual(CODEC_CONFIG);
  expect(manifest.data.split).toBe('train');
  model.dispose();
});

test('the shipped codec keeps unseen pieces recognisable; an untrained one does not', async () => {
  const { tf } = await loadBackend(fastest);
  const clips = codecClips('test', { seed: 1, pieces: 2, sounds: 0, sampleRate: CODEC_CONFIG.sampling_rate }).map((clip) => ({
    ...clip,
    wave: clip.wave.slice(0, 72_000),
  }));
  const shipped = await loadEncodec(tf, SHIPPED_CODEC);
  const { piano, latentDeviation } = evaluateCodec(tf, shipped, clips);
  shipped.dispose();
  expect(piano.siSdr).toBeGreaterThan(5);
  expect(piano.noteF1Reconstruction ?? 0).toBeGreaterThan(0.75 * (piano.noteF1Original ?? 1));
  expect(Math.abs(Math.log(latentDeviation))).toBeLessThan(0.7);

  const folder = await mkdtemp(join(tmpdir(), 'untrained-'));
  const figures = { piano, sound: piano, latentDeviation };
  const data = { pieces: 0, sounds: 0, seconds: 0, pianoShare: 0, split: 'train' } as const;
  const backend = { name: fastest, version: '0', threads: 1 };
  await publishCodec(folder, CODEC_CONFIG, initialValues(codecParameters(CODEC_CONFIG), 1), {
    name: 'untrained',
    steps: 0,
    recipe: TINY_RECIPE,
    data,
    figures,
    backend,
  });
  const untrained = await loadEncodec(tf, folder);
  expect(evaluateCodec(tf, untrained, clips.slice(0, 1)).piano.siSdr).toBeLessThan(0);
  untrained.dispose();
  await rm(folder, { recursive: true });
});

test('weights that are not those of the manifest are refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'codec-'));
  const mean = { clips: 0, siSdr: 0, logMelDistance: 0 };
  await publishCodec(folder, TINY_CONFIG, initialValues(codecParameters(TINY_CONFIG), 1), {
    name: 'tiny',
    steps: 0,
    recipe: TINY_RECIPE,
    data: { pieces: 0, sounds: 0, seconds: 0, pianoShare: 0, split: 'train' },
    figures: { piano: mean, sound: mean, latentDeviation: 1 },
    backend: { name: 'cpu', version: '0', threads: 1 },
  });
  expect((await readManifest(folder)).name).toBe('tiny');
  const path = join(folder, 'model.safetensors');
  const bytes = await readFile(path);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  await writeFile(path, bytes);
  await expect(readManifest(folder)).rejects.toMatchObject({ code: 'CODEC_DIGEST' });
  await rm(folder, { recursive: true });
});

import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { type BackendName, loadBackend } from '../../../models/backend/index.ts';
import { findNativePackages } from '../../../models/backend/native.ts';
import { clapFeatures, readClapExtractor } from '../../../models/encoders/clap/features.ts';
import { openCaption, openSound } from '../../../models/encoders/open.ts';
import { complete, type Kind } from '../kind.ts';
import { openTensors, type Stored, type StoredTensors } from '../stored-tensors.ts';
import { tokenIds } from './token-ids.ts';

const backends: BackendName[] = findNativePackages().length > 0 ? ['tensorflow', 'cpu'] : ['cpu'];
const EMBEDS = 2e-5;
/** What ONNX files may differ by. */
const ONNX = 5e-5;
/** dB, above −60 dB. */
const LOUD = 1e-2;
const QUIET = 0.05;

const rowsOf = ({ shape, data }: Stored): number[][] =>
  Array.from({ length: shape[0] ?? 0 }, (_, row) => [...data.subarray(row * (shape[1] ?? 0), (row + 1) * (shape[1] ?? 0))]);
function farthest(found: ArrayLike<number>, { data }: Stored): number {
  expect(found.length).toBe(data.length);
  return data.reduce((most, value, at) => Math.max(most, Math.abs(value - (found[at] ?? Number.NaN))), 0);
}

/** Both towers of a folder against the case, and how alike their embeddings are. */
async function checkTowers(folder: string, stored: StoredTensors, backend: BackendName, tolerance: number): Promise<void> {
  const { tf } = await loadBackend(backend);
  const [sounds, captions] = [await openSound(tf, folder), await openCaption(tf, folder)];
  try {
    const isLonger = stored.has('is_longer')
      ? [...stored.array('is_longer').data].map(Boolean)
      : new Array<boolean>(stored.array('audio_embeds').shape[0] ?? 0).fill(false);
    const audio = await sounds.embed(inputsOf(folder, stored), isLonger);
    const text = await captions.embed(rowsOf(stored.array('input_ids')), rowsOf(stored.array('attention_mask')));
    expect(farthest(audio, stored.array('audio_embeds'))).toBeLessThan(tolerance);
    expect(farthest(text, stored.array('text_embeds'))).toBeLessThan(tolerance);
    const { width } = sounds;
    const rows = (values: Float32Array) =>
      Array.from({ length: values.length / width }, (_, i) => values.subarray(i * width, (i + 1) * width));
    const cosines = rows(audio).flatMap((a) => rows(text).map((b) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0)));
    expect(farthest(cosines, stored.array('cosine_audio_x_text'))).toBeLessThan(tolerance);
  } finally {
    await Promise.all([sounds.dispose(), captions.dispose()]);
  }
}

/** Tensors of one sound each. */
const numbered = ({ names }: StoredTensors, start: string): { name: string; index: string }[] =>
  names
    .filter((name) => name.startsWith(start))
    .sort()
    .map((name) => ({ name, index: name.slice(name.indexOf('.') + 1) }));

/** Log-mels of every sound, as they are stored or made of the stored waves. */
function inputsOf(folder: string, stored: StoredTensors): Float32Array {
  const indexes = new Set([...numbered(stored, 'input_features'), ...numbered(stored, 'wave')].map(({ index }) => index));
  const inputs = [...indexes].sort().map((index) => {
    const name = `input_features.${index}`;
    return stored.has(name) ? stored.array(name).data : clapFeatures(readClapExtractor(folder), waveOf(stored, index)).mels;
  });
  return Float32Array.from(inputs.flatMap((mels) => [...mels]));
}
const waveOf = (stored: StoredTensors, index: string): Float32Array =>
  Float32Array.from(stored.array(stored.has(`wave.${index}`) ? `wave.${index}` : `wave_48k.${index}`).data);

/** A folder without its ONNX files, so that the weights are used. */
async function withoutOnnx(folder: string, check: (folder: string) => Promise<void>): Promise<void> {
  const copy = mkdtempSync(join(tmpdir(), 'clap-'));
  try {
    cpSync(folder, copy, { recursive: true, filter: (path) => !path.endsWith('.onnx') });
    await check(copy);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

export const clap: Kind = {
  name: 'clap',
  cases: /(?:^|\/)encoders\/clap[^/]*\/expected\.safetensors$/,
  beside: /(?:^|\/)encoders\/clap[^/]*\/[^/]+$/,
  checks: (path) => {
    const folder = dirname(path);
    const stored = openTensors(path);
    const waves = numbered(stored, 'wave').filter(({ index }) => stored.has(`input_features.${index}`));
    const features = waves.map(({ name, index }) => [`log-mels of ${name}`, () => checkFeatures(folder, stored, index)] as const);
    const hasOnnx = ['audio_model.onnx', 'text_model.onnx'].every((name) => existsSync(join(folder, name)));
    return complete(stored, {
      ...Object.fromEntries(features),
      ...Object.fromEntries(
        backends.map((backend) => [
          `embeddings on ${backend}`,
          () => withoutOnnx(folder, (own) => checkTowers(own, stored, backend, EMBEDS)),
        ]),
      ),
      ...(hasOnnx && { 'embeddings by onnxruntime': () => checkTowers(folder, stored, 'cpu', ONNX) }),
      ...(existsSync(join(folder, 'tokenizer.json')) && tokenIds(folder)),
    });
  },
};

function checkFeatures(folder: string, stored: StoredTensors, index: string): void {
  const { mels, isLonger } = clapFeatures(readClapExtractor(folder), waveOf(stored, index));
  if (stored.has('is_longer')) expect(Number(isLonger)).toBe(stored.array('is_longer').data[Number(index)]);
  const wanted = stored.array(`input_features.${index}`);
  expect(mels.length).toBe(wanted.data.length);
  const differs = (isLoud: boolean) =>
    wanted.data.reduce(
      (most, value, at) => (value > -60 === isLoud ? Math.max(most, Math.abs(value - (mels[at] ?? Number.NaN))) : most),
      0,
    );
  expect(differs(true)).toBeLessThan(LOUD);
  expect(differs(false)).toBeLessThan(QUIET);
}

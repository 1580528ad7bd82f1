import { dirname } from 'node:path';
import { expect } from 'vitest';
import { type BackendName, loadBackend, type Tensor } from '../../../models/backend/index.ts';
import { findNativePackages } from '../../../models/backend/native.ts';
import { processPicture, readClipProcessor } from '../../../models/encoders/clip/processor.ts';
import { resizeShortest } from '../../../models/encoders/clip/resize.ts';
import { loadClipText } from '../../../models/encoders/clip/text.ts';
import { loadClipVision } from '../../../models/encoders/clip/vision.ts';
import { maxDifference, openFixture } from '../../models/network/fixture.ts';
import type { Check, Kind } from '../kind.ts';
import { openTensors } from '../stored-tensors.ts';
import { tokenIds } from './token-ids.ts';

const backends: BackendName[] = findNativePackages().length > 0 ? ['tensorflow', 'cpu'] : ['cpu'];
const EMBEDS = 5e-5;

async function checkText(path: string, backend: BackendName): Promise<void> {
  const { tf } = await loadBackend(backend);
  const stored = openFixture(tf, path);
  const { shape, data } = stored.array('input_ids');
  const [batch = 0, length = 0] = shape;
  const ids = Array.from({ length: batch }, (_, row) => [...data.subarray(row * length, (row + 1) * length)]);
  const model = await loadClipText(tf, dirname(path));
  const present = stored.tensor('attention_mask');
  const { embeds, states } = model.encode(ids, present);
  const unmasked = model.encode(ids);
  expect(maxDifference(unmasked.embeds, stored.array('text_embeds'))).toBeLessThan(EMBEDS);
  expect(maxDifference(embeds, stored.array('text_embeds'))).toBeLessThan(EMBEDS);
  expect(maxDifference(states, stored.array('last_hidden_state'))).toBeLessThan(EMBEDS);
  tf.dispose([present, embeds, states, unmasked.embeds, unmasked.states]);
  model.dispose();
}

async function checkVision(path: string, backend: BackendName): Promise<void> {
  const { tf } = await loadBackend(backend);
  const fixture = openFixture(tf, path);
  const processor = readClipProcessor(dirname(path));
  const model = await loadClipVision(tf, dirname(path));
  const order = ['landscape', 'portrait', 'square_same', 'tiny_upscale', 'grey'];
  tf.engine().startScope();
  try {
    const pixels = order.map((name): Tensor => {
      if (fixture.has(`pixel_values.${name}`)) return tf.transpose(fixture.tensor(`pixel_values.${name}`), [0, 2, 3, 1]);
      return tf.tensor(processPicture(processor, pictureOf(path, name)), [1, processor.crop, processor.crop, 3]);
    });
    const { embeds, states } = model.encode(tf.concat(pixels));
    expect(maxDifference(embeds, fixture.array('image_embeds'))).toBeLessThan(EMBEDS);
    const unit = tf.div(embeds, tf.norm(embeds, 2, 1, true));
    expect(maxDifference(unit, fixture.array('image_embeds_l2'))).toBeLessThan(EMBEDS);
    expect(maxDifference(states, fixture.array('last_hidden_state'))).toBeLessThan(EMBEDS);
    model.encode(tf.concat(pixels.slice(0, 2)), (index, output) =>
      expect(maxDifference(output, fixture.array(`hidden_state.${index}`)), `state ${index}`).toBeLessThan(EMBEDS),
    );
  } finally {
    tf.engine().endScope();
    model.dispose();
  }
}

function pictureOf(path: string, name: string) {
  const { shape, data } = openTensors(path).array(`raw_u8.${name}`);
  return { height: shape[0] ?? 0, width: shape[1] ?? 0, data: Uint8Array.from(data) };
}

function checkPixels(path: string, name: string): void {
  const { shape, data } = openTensors(path).array(`pixel_values.${name}`);
  const found = processPicture(readClipProcessor(dirname(path)), pictureOf(path, name));
  const area = (shape[2] ?? 0) * (shape[3] ?? 0);
  expect(found.length).toBe(data.length);
  const worst = found.reduce(
    (most, value, at) => Math.max(most, Math.abs(value - (data[(at % 3) * area + Math.floor(at / 3)] ?? Number.NaN))),
    0,
  );
  expect(worst).toBeLessThan(1e-6);
}

function checkResize(path: string, name: string): void {
  const { shape, data } = openTensors(path).array(`resized_u8.${name}`);
  const resized = resizeShortest(pictureOf(path, name), Math.min(shape[0] ?? 0, shape[1] ?? 0));
  expect([resized.height, resized.width, 3]).toEqual(shape);
  expect(Buffer.from(resized.data).equals(Buffer.from(Uint8Array.from(data)))).toBe(true);
}

const onBackends = (check: (path: string, backend: BackendName) => Promise<void>, path: string): Record<string, Check> =>
  Object.fromEntries(backends.map((backend) => [`embeddings and states on ${backend}`, () => check(path, backend)]));

export const clip: readonly Kind[] = [
  {
    name: 'clip vision',
    cases: /(?:^|\/)encoders\/clip_vision[^/]*\/expected\.safetensors$/,
    // The pictures stand in the case as bytes as well.
    beside: /(?:^|\/)encoders\/clip_(?:vision|images)[^/]*\/[^/]+$/,
    checks: (path) => {
      const { names } = openTensors(path);
      const each = (start: string, check: (path: string, name: string) => void | Promise<void>): Record<string, Check> =>
        Object.fromEntries(
          names.filter((name) => name.startsWith(start)).map((name) => [name, () => check(path, name.slice(start.length))]),
        );
      return { ...each('resized_u8.', checkResize), ...each('pixel_values.', checkPixels), ...onBackends(checkVision, path) };
    },
  },
  {
    name: 'clip text',
    cases: /(?:^|\/)encoders\/clip_text[^/]*\/expected\.safetensors$/,
    beside: /(?:^|\/)encoders\/clip_text[^/]*\/[^/]+$/,
    checks: (path) => ({ ...onBackends(checkText, path), ...tokenIds(dirname(path)) }),
  },
];

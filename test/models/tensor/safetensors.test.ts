import { mkdtempSync } from 'node:fs';
import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  readFloats,
  readSafetensors,
  type StoredTensor,
  storeFloats,
  writeParts,
  writeSafetensors,
} from '../../../models/tensor/safetensors.ts';

const fixtures = join(import.meta.dirname, '..', '..', 'fixtures', 'safetensors');
const directory = mkdtempSync(join(tmpdir(), 'safetensors-'));
afterAll(() => rm(directory, { recursive: true }));

describe('files outside the written format that other readers accept', () => {
  test.each([
    ['duplicate_keys_same_offsets', /the name twice/],
    ['header_starts_with_space', /header that begins with/],
  ])('%s is refused', async (name, reason) => {
    await expect(readSafetensors(join(fixtures, 'lenient', `${name}.safetensors`))).rejects.toThrow(reason);
  });
  test('an extra field of a tensor is ignored', async () => {
    expect((await readSafetensors(join(fixtures, 'lenient', 'extra_field_in_tensor.safetensors'))).tensors.size).toBeGreaterThan(0);
  });
});

test('what is written is read back, with aligned data', async () => {
  const path = join(directory, 'written.safetensors');
  const tensors = new Map<string, StoredTensor>([
    ['flags', { dtype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) }],
    ['weights', storeFloats(Float32Array.of(1, -0, Number.NaN, 1e-45), [2, 2])],
    ['half', storeFloats(Float32Array.of(1 / 3, 70000, 6e-8), [3], 'F16')],
    ['none', storeFloats(new Float32Array(0), [0, 4])],
    ['ids', { dtype: 'I64', shape: [], data: BigInt64Array.of(2n ** 60n) }],
  ]);
  await writeSafetensors(path, tensors, { format: 'pt' });
  const read = await readSafetensors(path);
  expect(read.metadata).toEqual({ format: 'pt' });
  expect(new Map([...read.tensors].sort())).toEqual(new Map([...tensors].sort()));
  expect(Number((await readFile(path)).readBigUInt64LE(0)) % 8).toBe(0);
  expect(Array.from((await readFloats(path)).tensors.get('half')?.data ?? [])).toEqual([0.333251953125, Infinity, 2 ** -24]);
});

test('more bytes than a call may write are written by several', async () => {
  const path = join(directory, 'parts');
  const file = await open(path, 'w');
  const parts = [Uint8Array.of(1, 2, 3), new Uint8Array(0), Uint8Array.from({ length: 25 }, (_, i) => i), Uint8Array.of(4, 5)];
  await writeParts(file, parts, 10);
  await file.close();
  expect([...(await readFile(path))]).toEqual(parts.flatMap((part) => [...part]));
});

test('a cut-off file is refused and named', async () => {
  const [whole, cut] = [join(directory, 'whole.safetensors'), join(directory, 'cut.safetensors')];
  await writeSafetensors(whole, new Map([['w', storeFloats(new Float32Array(8), [8])]]));
  await writeFile(cut, (await readFile(whole)).subarray(0, -1));
  await expect(readSafetensors(cut)).rejects.toThrow(/cut\.safetensors[\s\S]*cut off/);
});

test('a size that does not fit its shape is not written', async () => {
  await expect(writeSafetensors(join(directory, 'x'), new Map([['w', storeFloats(new Float32Array(7), [8])]]))).rejects.toThrow(
    /28 bytes do not fit F32 \[8\]/,
  );
});

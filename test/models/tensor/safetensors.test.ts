import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readFloats, readSafetensors, type StoredTensor, storeFloats, writeSafetensors } from '../../../models/tensor/safetensors.ts';

const fixtures = join(import.meta.dirname, '..', '..', 'fixtures', 'safetensors');
const files = (folder: string): string[] => readdirSync(join(fixtures, folder));
const directory = mkdtempSync(join(tmpdir(), 'safetensors-'));
afterAll(() => rm(directory, { recursive: true }));

test.each(files('malformed'))('malformed/%s is refused with a reason', async (name) => {
  await expect(readSafetensors(join(fixtures, 'malformed', name))).rejects.toMatchObject({ code: 'SAFETENSORS_INVALID' });
  await expect(readSafetensors(join(fixtures, 'malformed', name))).rejects.toThrow(/found: .+\n {2}expected: /);
});

test.each(files('valid'))('valid/%s is read', async (name) => {
  const { tensors } = await readSafetensors(join(fixtures, 'valid', name));
  for (const { shape, data } of tensors.values()) expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
});

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

interface Expected {
  readonly dtypes: {
    readonly metadata: Record<string, string>;
    readonly tensors: Record<string, { shape: number[]; as_float64: (number | string)[] | null; as_int_strings: string[] | null }>;
  };
}
const toNumber = (value: number | string): number =>
  value === 'inf' ? Infinity : value === '-inf' ? -Infinity : value === 'nan' ? Number.NaN : Number(value);

test('every value of every type is exact', async () => {
  const { dtypes }: Expected = JSON.parse(readFileSync(join(fixtures, 'valid_values.json'), 'utf8'));
  const path = join(fixtures, 'valid', 'dtypes.safetensors');
  const [{ tensors, metadata }, floats] = [await readSafetensors(path), await readFloats(path)];
  expect(metadata).toEqual(dtypes.metadata);
  expect([...tensors.keys()].sort()).toEqual(Object.keys(dtypes.tensors).sort());
  for (const [name, expected] of Object.entries(dtypes.tensors)) {
    const stored = tensors.get(name);
    expect(stored?.shape).toEqual(expected.shape);
    if (expected.as_int_strings) expect(Array.from(stored?.data ?? [], String)).toEqual(expected.as_int_strings);
    const half = stored?.dtype === 'F16' || stored?.dtype === 'BF16';
    const data = half ? floats.tensors.get(name)?.data : stored?.data;
    if (expected.as_float64) for (const [i, value] of expected.as_float64.entries()) expect(Number(data?.[i])).toBe(toNumber(value));
  }
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

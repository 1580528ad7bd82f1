import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect } from 'vitest';
import { readFloats, readSafetensors } from '../../../models/tensor/safetensors.ts';
import type { Kind } from '../kind.ts';

interface Verdict {
  safe_open: { ok: boolean; keys?: string[]; metadata?: Record<string, string> | null };
}
interface Values {
  metadata: Record<string, string>;
  tensors: Record<string, { shape: number[]; as_float64: (number | string)[] | null; as_int_strings: string[] | null }>;
}
const REFUSED = expect.objectContaining({ code: 'SAFETENSORS_INVALID' });
const toNumber = (value: number | string): number =>
  value === 'inf' ? Infinity : value === '-inf' ? -Infinity : value === 'nan' ? Number.NaN : Number(value);

/** A list beside the folders, if it is there. Its shape is the fixture's. */
function listOf<List>(path: string, name: string): List | undefined {
  const file = join(dirname(path), '..', name);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

async function checkValid(path: string): Promise<void> {
  const { tensors, metadata } = await readSafetensors(path);
  for (const { shape, data } of tensors.values()) expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
  const verdict = listOf<{ files: Record<string, Verdict> }>(path, 'verdicts.json')?.files[`valid/${basename(path)}`];
  if (!verdict) return;
  expect([...tensors.keys()].sort()).toEqual([...(verdict.safe_open.keys ?? [])].sort());
  expect(metadata).toEqual(verdict.safe_open.metadata ?? {});
}

async function checkValues(path: string, { metadata, tensors: wanted }: Values): Promise<void> {
  const [read, floats] = [await readSafetensors(path), await readFloats(path)];
  expect(read.metadata).toEqual(metadata);
  expect([...read.tensors.keys()].sort()).toEqual(Object.keys(wanted).sort());
  for (const [name, expected] of Object.entries(wanted)) {
    const stored = read.tensors.get(name);
    expect(stored?.shape).toEqual(expected.shape);
    if (expected.as_int_strings) expect(Array.from(stored?.data ?? [], String)).toEqual(expected.as_int_strings);
    const half = stored?.dtype === 'F16' || stored?.dtype === 'BF16';
    const data = half ? floats.tensors.get(name)?.data : stored?.data;
    if (expected.as_float64) for (const [i, value] of expected.as_float64.entries()) expect(Number(data?.[i])).toBe(toNumber(value));
  }
}

async function checkMalformed(path: string): Promise<void> {
  await expect(readSafetensors(path)).rejects.toEqual(REFUSED);
  await expect(readSafetensors(path)).rejects.toThrow(/found: .+\n {2}expected: /);
}

/** Outside the written format: taken or refused, but decided. */
async function checkLenient(path: string): Promise<void> {
  const outcome = await readSafetensors(path).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome !== undefined) expect(outcome).toEqual(REFUSED);
}

const FOLDERS: Record<string, { title: string; check: (path: string) => Promise<void> }> = {
  valid: { title: 'is read', check: checkValid },
  malformed: { title: 'is refused with a reason', check: checkMalformed },
  lenient: { title: 'is read or refused with a reason', check: checkLenient },
};

export const safetensors: Kind = {
  name: 'safetensors',
  cases: /(?:^|\/)safetensors\/(?:valid|malformed|lenient)\/[^/]+\.safetensors$/,
  beside: /(?:^|\/)safetensors\/(?:verdicts|valid_values)\.json$/,
  checks: (path) => {
    const { title = '', check = checkMalformed } = FOLDERS[basename(dirname(path))] ?? {};
    const values = listOf<Record<string, Values>>(path, 'valid_values.json')?.[basename(path, '.safetensors')];
    return { [title]: () => check(path), ...(values && { 'every value is exact': () => checkValues(path, values) }) };
  },
};

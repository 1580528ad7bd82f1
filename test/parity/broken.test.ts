import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FIXTURES } from '../models/network/fixture.ts';
import { sortCases } from './cases.ts';
import { kinds } from './kinds.ts';

const root = mkdtempSync(join(tmpdir(), 'broken-'));
afterAll(() => rmSync(root, { recursive: true }));

/** Inputs and weights stay; everything else in a file is what a test compares with. */
const GIVEN = /(?:^|\/)(?:in|w)\/|\.(?:in|input|y22050|gt|gen|gt_logits|gen_logits|frames_bgr)$|^target$|^(?:wave(?:_48k)?|raw_u8)\./;
/** Checks that look at names, or at inputs, alone. */
const OF_INPUTS = /^(?:nothing in it is left out|names and shapes|the straight way|a set against itself|which there are)/;

/** Bytes a value, where it isn't four. */
const WIDTHS: Record<string, number> = { F64: 8, I64: 8, U8: 1 };

/** Adds a tenth, and a little, to everything that is expected. */
function spoil(path: string): void {
  const bytes = readFileSync(path);
  if (path.endsWith('.json')) {
    const wrong = (_: string, value: unknown) => (typeof value === 'number' ? value * 1.1 + 0.01 : value);
    writeFileSync(path, JSON.stringify(JSON.parse(bytes.toString(), wrong)));
    return;
  }
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__: _, ...entries } = JSON.parse(bytes.toString('utf8', 8, start));
  for (const [name, { dtype, data_offsets }] of Object.entries<{ dtype: string; data_offsets: [number, number] }>(entries)) {
    if (GIVEN.test(name)) continue;
    const [from, to] = data_offsets.map((offset) => start + offset) as [number, number];
    for (let i = from; i < to; i += WIDTHS[dtype] ?? 4) {
      if (dtype === 'F32') bytes.writeFloatLE(bytes.readFloatLE(i) * 1.1 + 0.01, i);
      if (dtype === 'F64') bytes.writeDoubleLE(bytes.readDoubleLE(i) * 1.1 + 0.01, i);
      if (dtype === 'I64') bytes.writeBigInt64LE(bytes.readBigInt64LE(i) + 1n, i);
      if (dtype === 'U8') bytes.writeUInt8((bytes.readUInt8(i) + 26) % 256, i);
      if (dtype === 'I32') bytes.writeInt32LE(bytes.readInt32LE(i) + 1, i);
    }
  }
  writeFileSync(path, bytes);
}

/** The folder of a case in a place where it may be changed. */
function copied(path: string): string {
  const folder = join(root, relative(FIXTURES, dirname(path)));
  cpSync(dirname(path), folder, { recursive: true });
  return join(folder, basename(path));
}

const { cases } = sortCases(FIXTURES, kinds);
/** Slow, or with files that are wrong by what they are; a set of files that differ only by a value shows the same. */
const LEFT_OUT = /^(?:roll_predictor|encodec|media|midi|safetensors|tables)/;

describe('values that are a tenth away fail every check of', () => {
  it.each(kinds.filter(({ name }) => !LEFT_OUT.test(name)).map((kind) => [kind.name, kind] as const))('%s', async (name, kind) => {
    const path = copied(cases.get(name)?.[0] ?? expect.fail('no case'));
    if (!path.endsWith('.csv')) spoil(path);
    for (const figures of [path.replace(/\.(?:safetensors|csv)$/, '.json'), join(dirname(path), 'tokenizer_expected.json')])
      if (existsSync(figures) && figures !== path) spoil(figures);
    const passed: string[] = [];
    for (const [title, check] of Object.entries(kind.checks(path))) {
      if (typeof check === 'string' || OF_INPUTS.test(title)) continue;
      await Promise.resolve()
        .then(check)
        .then(
          () => passed.push(title),
          () => {},
        );
    }
    expect(passed).toEqual([]);
  });
});

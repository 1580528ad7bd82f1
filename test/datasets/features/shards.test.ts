import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createShard, openShard } from '../../../datasets/features/sequence-shard.ts';
import { openVectorColumn } from '../../../datasets/features/vector-column.ts';
import { fromHalfBits, toHalfBits, toHalves, widenByTable } from '../../../numeric/float16.ts';
import { widenBySimd } from '../../../numeric/widen-simd.ts';
import { fixture } from '../fixtures.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sostenuto-shards-'));
});
afterAll(() => rm(directory, { recursive: true }));

const paths = (name: string) => ({ arrow: join(directory, `${name}.arrow`), index: join(directory, `${name}.json`) });
const sequence = (rows: number, width: number, seed: number) =>
  Float32Array.from({ length: rows * width }, (_, i) => Math.sin(i * 0.7 + seed));

function writeLatents(name: string, scalar: 'f32' | 'f16' = 'f32') {
  const shard = createShard(directory, { name, scalar, rowsPerSecond: 75, shape: [4] });
  for (const [id, rows] of [
    ['a', 10],
    ['b', 1],
    ['c', 7],
  ] as const)
    shard.append(id, sequence(rows, 4, rows));
  return shard.close();
}

describe('a shard of sequences', () => {
  it('gives back what was put in, whole and in crops', () => {
    const index = writeLatents('plain');
    expect(index.clips).toEqual([
      { id: 'a', rows: 10 },
      { id: 'b', rows: 1 },
      { id: 'c', rows: 7 },
    ]);
    const shard = openShard(paths('plain'));
    expect(shard.read('a')).toEqual(sequence(10, 4, 10));
    expect(shard.read('c', 2, 3)).toEqual(sequence(7, 4, 7).subarray(8, 20));
    const out = new Float32Array(12);
    shard.read('a', 4, 3, out);
    expect(out).toEqual(sequence(10, 4, 10).subarray(16, 28));
    shard.close();
  });

  it('is an ordinary Arrow file, a record batch a clip', () => {
    writeLatents('ordinary');
    const table = tableFromIPC(readFileSync(paths('ordinary').arrow));
    expect(table.numRows).toBe(18);
    expect(table.batches.map((batch) => batch.numRows)).toEqual([10, 1, 7]);
    expect(table.schema.metadata.get('rowsPerSecond')).toBe('75');
    expect([...(table.getChild('value')?.get(10) ?? [])]).toEqual([...sequence(1, 4, 1)]);
  });

  it('has the same bytes when written twice', () => {
    writeLatents('first');
    const first = readFileSync(paths('first').arrow);
    writeLatents('first');
    expect(readFileSync(paths('first').arrow).equals(first)).toBe(true);
  });

  it('keeps half precision and bytes', () => {
    writeLatents('half', 'f16');
    const half = openShard(paths('half'));
    const want = sequence(10, 4, 10);
    half.read('a').forEach((value, i) => {
      expect(Math.abs(value - (want[i] ?? 0))).toBeLessThan(2 ** -11);
    });
    half.close();
    const writer = createShard(directory, { name: 'frames', scalar: 'u8', rowsPerSecond: 8, shape: [2, 2, 3] });
    writer.append(
      'x',
      Uint8Array.from({ length: 36 }, (_, i) => i),
    );
    writer.close();
    const frames = openShard(paths('frames'));
    expect(frames.index.shape).toEqual([2, 2, 3]);
    expect([...frames.read('x', 1, 1)]).toEqual(Array.from({ length: 12 }, (_, i) => 12 + i));
    frames.close();
  });

  it('refuses rows that do not fit, a clip twice, and another kind of number', () => {
    const shard = createShard(directory, { name: 'wrong', scalar: 'f32', rowsPerSecond: 75, shape: [4] });
    expect(() => shard.append('a', new Float32Array(7))).toThrowError(/7 values are no rows of 4/);
    expect(() => shard.append('a', new Float32Array(0))).toThrowError(/0 values/);
    expect(() => shard.append('a', new Uint8Array(8))).toThrowError(/doesn't take Uint8Array/);
    shard.append('a', new Float32Array(8));
    expect(() => shard.append('a', new Float32Array(8))).toThrowError(/already/);
    shard.close();
  });

  it('may be empty', () => {
    createShard(directory, { name: 'empty', scalar: 'f32', rowsPerSecond: 75, shape: [4] }).close();
    const shard = openShard(paths('empty'));
    expect(shard.index.clips).toEqual([]);
    expect(() => shard.read('a')).toThrowError(/"a" is not in the shard/);
    shard.close();
  });

  it('is refused when cut at any place, or beside the index of another', () => {
    writeLatents('whole');
    const bytes = readFileSync(paths('whole').arrow);
    for (let length = 0; length < bytes.length; length += 37) {
      writeFileSync(paths('cut').arrow, bytes.subarray(0, length));
      expect(() => openVectorColumn(paths('cut').arrow, 'value')).toThrowError(/Arrow file cannot be read/);
    }
    const other = createShard(directory, { name: 'other', scalar: 'f32', rowsPerSecond: 75, shape: [4] });
    other.append('a', sequence(9, 4, 0));
    other.close();
    expect(() => openShard({ arrow: paths('whole').arrow, index: paths('other').index })).toThrowError(/do not belong together/);
    writeFileSync(paths('torn').index, '{"format":1');
    expect(() => openShard({ arrow: paths('whole').arrow, index: paths('torn').index })).toThrowError(/index cannot be read/);
  });
});

describe("other people's files", () => {
  it.each([
    ['features.arrow', 'embedding_nullable', /1 nulls in "embedding_nullable"/],
    ['features.arrow', 'var_list', /"var_list" is List/],
    ['features.arrow', 'absent', /columns .*embedding/],
    ['features.lz4.arrow', 'embedding', /compressed buffers/],
    ['features.zstd.arrow', 'embedding', /compressed buffers/],
    ['features.stream.arrows', 'embedding', /no ARROW1 at the start/],
    ['truncated.arrow', 'embedding', /no footer at the end/],
    ['features.none.parquet', 'embedding', /no ARROW1 at the start/],
  ])('%s, column %s, is refused in plain words', (name, column, message) => {
    expect(() => openVectorColumn(fixture(`tables/${name}`), column)).toThrowError(message);
  });
});

/** Every value that is no number counts as one. */
const canonical = (value: number) => (Number.isNaN(value) ? Number.NaN : value);

describe('half precision', () => {
  it('is widened by vector instructions as by the table: all halves, also what is no number, and counts that fill no vector', () => {
    const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const [simd, table] = [widenBySimd(), widenByTable()];
    for (const [from, count] of [
      [0, 65536],
      [31_000, 32_769],
      [32_767, 1],
      [5, 0],
      [0x7bf9, 13],
    ] as const) {
      const [fast, plain] = [new Float32Array(count + 1).fill(7), new Float32Array(count + 1).fill(7)];
      simd?.(all.subarray(from, from + count), fast.subarray(0, count));
      table(all.subarray(from, from + count), plain.subarray(0, count));
      expect(Buffer.compare(Buffer.from(fast.map(canonical).buffer), Buffer.from(plain.map(canonical).buffer))).toBe(0);
    }
    expect(simd).toBeDefined();
  });

  it('every finite half survives the way out and back', () => {
    const all = Uint16Array.from({ length: 65536 }, (_, i) => i).filter((half) => ((half >>> 10) & 31) !== 31);
    expect(toHalves(fromHalfBits(all))).toEqual(all);
  });
  it('rounds to the nearest, ties to even', () => {
    fc.assert(
      fc.property(fc.float({ min: -60000, max: 60000, noNaN: true }), (value) => {
        const bits = toHalfBits(value);
        const [low, here, high] = [bits - 1, bits, bits + 1].map((near) => fromHalfBits(Uint16Array.of(near & 0xffff))[0] ?? 0);
        const error = Math.abs((here ?? 0) - value);
        for (const other of [low, high]) {
          if (other !== undefined && Number.isFinite(other) && Math.sign(other) === Math.sign(value))
            expect(error).toBeLessThanOrEqual(Math.abs(other - value));
        }
      }),
    );
    expect([65504, 65519, 65520, -65536, 2 ** -25, 2 ** -24, 1 + 2 ** -11, 1 + 3 * 2 ** -11].map(toHalfBits)).toEqual([
      0x7bff, 0x7bff, 0x7c00, 0xfc00, 0, 1, 0x3c00, 0x3c02,
    ]);
    expect([Number.NaN, Number.POSITIVE_INFINITY].map(toHalfBits)).toEqual([0x7e00, 0x7c00]);
  });
});

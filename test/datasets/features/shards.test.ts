import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordBatchReader } from 'apache-arrow';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drawBatch } from '../../../datasets/features/batches.ts';
import { writeCatalogue } from '../../../datasets/features/catalogue.ts';
import { openFeatureShard } from '../../../datasets/features/shard-reader.ts';
import { writeFeatureShard } from '../../../datasets/features/shard-writer.ts';
import { bucketOf, intoShards } from '../../../datasets/features/sharding.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sostenuto-features-'));
});
afterAll(() => rm(directory, { recursive: true }));

const header = { kind: 'latents', element: 'float32', channels: 3, rate: 75 } as const;
const entries = [
  { id: 'one', attributes: { split: 'train' }, values: Float32Array.of(1, 2, 3, 4, 5, 6) },
  { id: 'none', attributes: {}, values: new Float32Array(0) },
  { id: 'two', attributes: { caption: 'Glöckchen "hell"' }, values: Float32Array.of(-1, Number.NaN, Infinity) },
];

describe('a feature shard', () => {
  test('gives back every clip bit for bit, in any order', async () => {
    const path = join(directory, 'round-trip.arrow');
    await writeFeatureShard(path, header, entries);
    const shard = await openFeatureShard(path);
    for (const index of [2, 0, 1]) expect(await shard.read(index)).toEqual(entries[index]?.values);
    expect(shard.header.clips.map((clip) => [clip.id, clip.rows])).toEqual([
      ['one', 2],
      ['none', 0],
      ['two', 1],
    ]);
    expect(shard.header.clips[2]?.attributes).toEqual(entries[2]?.attributes);
    await shard.close();
  });

  test('is an Arrow file that any Arrow library reads', async () => {
    const path = join(directory, 'interchange.arrow');
    await writeFeatureShard(path, header, entries);
    const batches = [...RecordBatchReader.from(await readFile(path))];
    expect(batches.map((batch) => batch.numRows)).toEqual([2, 0, 1]);
    expect([...(batches[0]?.getChild('value')?.get(1) ?? [])]).toEqual([4, 5, 6]);
  });

  test('has the same bytes when written again', async () => {
    const [a, b] = [join(directory, 'a.arrow'), join(directory, 'b.arrow')];
    await writeFeatureShard(a, header, entries);
    await writeFeatureShard(b, header, entries);
    expect(await readFile(a)).toEqual(await readFile(b));
  });

  test('holds bytes as well as floats', async () => {
    const path = join(directory, 'bytes.arrow');
    await writeFeatureShard(path, { kind: 'frames', element: 'uint8', channels: 4 }, [
      { id: 'x', attributes: {}, values: Uint8Array.of(1, 2, 3, 255) },
    ]);
    const shard = await openFeatureShard(path);
    expect(await shard.read(0)).toEqual(Uint8Array.of(1, 2, 3, 255));
    await shard.close();
  });

  test('refuses numbers that are no whole rows', async () => {
    await expect(
      writeFeatureShard(join(directory, 'x.arrow'), header, [{ id: 'odd', attributes: {}, values: new Float32Array(4) }]),
    ).rejects.toThrow(/"odd"/);
  });

  test.each([
    ['cut in the middle', 0.5],
    ['cut at the end', 0.98],
    ['empty', 0],
  ])('is refused when %s', async (_, part) => {
    const path = join(directory, 'whole.arrow');
    await writeFeatureShard(path, header, entries);
    const bytes = await readFile(path);
    const damaged = join(directory, 'damaged.arrow');
    await writeFile(damaged, bytes.subarray(0, Math.floor(bytes.length * part)));
    await expect(openFeatureShard(damaged)).rejects.toMatchObject({ code: 'FEATURE_SHARD' });
  });
});

describe('sharding', () => {
  test('a clip that comes or goes touches only its own shard', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 40 }),
        fc.integer({ min: 1, max: 9 }),
        (ids, buckets) => {
          const clips = ids.map((id) => ({ id }));
          const [removed] = clips;
          const before = new Map(intoShards(clips, buckets).map((shard) => [shard.id, shard.clips]));
          const after = new Map(intoShards(clips.slice(1), buckets).map((shard) => [shard.id, shard.clips]));
          const changed = [...before].filter(([id, members]) => JSON.stringify(members) !== JSON.stringify(after.get(id)));
          expect(changed).toHaveLength(1);
          expect(changed[0]?.[1]).toContainEqual(removed);
          expect(bucketOf(removed?.id ?? '', buckets)).toBeLessThan(buckets);
        },
      ),
    );
  });
});

describe('drawing batches', () => {
  const lengths = [10, 200, 30, 4];
  test('is a pure function of seed and step', () => {
    expect(drawBatch(lengths, { seed: 1, step: 5, batch: 6, frames: 20 })).toEqual(
      drawBatch(lengths, { seed: 1, step: 5, batch: 6, frames: 20 }),
    );
    expect(drawBatch(lengths, { seed: 1, step: 5, batch: 6, frames: 20 })).not.toEqual(
      drawBatch(lengths, { seed: 2, step: 5, batch: 6, frames: 20 }),
    );
  });
  test('shows every clip once an epoch', () => {
    const rows = [0, 1, 2, 3].flatMap((step) => drawBatch(lengths, { seed: 3, step, batch: 2, frames: 20 }));
    expect(
      rows
        .slice(0, 4)
        .map((row) => row.clip)
        .sort(),
    ).toEqual([0, 1, 2, 3]);
    expect(
      rows
        .slice(4)
        .map((row) => row.clip)
        .sort(),
    ).toEqual([0, 1, 2, 3]);
  });
  test('crops inside the clip and starts short clips at 0', () => {
    for (let step = 0; step < 50; step++)
      for (const { clip, start } of drawBatch(lengths, { seed: 4, step, batch: 3, frames: 20 })) {
        expect(start).toBeGreaterThanOrEqual(0);
        expect(start).toBeLessThanOrEqual(Math.max(0, (lengths[clip] ?? 0) - 20));
      }
  });
});

describe('the catalogue', () => {
  test('is Parquet with the given columns, also when a value is missing or there is no row', async () => {
    const { DuckDBInstance } = await import('@duckdb/node-api');
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const path = join(directory, "it's.parquet");
    const columns = { id: 'VARCHAR', frames: 'INTEGER', seconds: 'DOUBLE' };
    await writeCatalogue(path, columns, [{ id: "d'accord", frames: 3, seconds: 0.5 }, { id: 'bare' }], join(directory, 'scratch.jsonl'));
    const rows = await (await connection.run(`SELECT * FROM '${path.replaceAll("'", "''")}' ORDER BY id`)).getRowObjectsJson();
    expect(rows).toEqual([
      { id: 'bare', frames: null, seconds: null },
      { id: "d'accord", frames: 3, seconds: 0.5 },
    ]);
    const empty = join(directory, 'empty.parquet');
    await writeCatalogue(empty, columns, [], join(directory, 'scratch.jsonl'));
    expect((await (await connection.run(`SELECT * FROM '${empty}'`)).getRowObjectsJson()).length).toBe(0);
    connection.closeSync();
  });
});

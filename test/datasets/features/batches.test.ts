import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchAt, planBatches, readBatch } from '../../../datasets/features/batches.ts';
import { bucketOf, shardsOf } from '../../../datasets/features/sharding.ts';

const ids = fc.uniqueArray(fc.stringMatching(/^[a-z0-9-]{1,12}$/), { minLength: 1, maxLength: 60 });
const shardMap = (names: readonly string[], buckets: number) =>
  new Map(
    shardsOf(
      names.map((id) => ({ id })),
      buckets,
    ).map((shard) => [shard.id, shard.clips.map(({ id }) => id).join()]),
  );

describe('shards', () => {
  it('hold every clip once, whatever the order it comes in', () => {
    fc.assert(
      fc.property(ids, fc.integer({ min: 1, max: 20 }), (names, buckets) => {
        const shards = shardsOf(
          names.map((id) => ({ id })),
          buckets,
        );
        expect(shards.flatMap(({ clips }) => clips.map(({ id }) => id)).sort()).toEqual([...names].sort());
        expect(shards.length).toBeLessThanOrEqual(buckets);
        expect(shards.every(({ clips }) => clips.length > 0)).toBe(true);
        expect(shardMap([...names].reverse(), buckets)).toEqual(shardMap(names, buckets));
      }),
    );
  });

  it('adding or removing a clip changes its shard and no other', () => {
    fc.assert(
      fc.property(ids, fc.integer({ min: 1, max: 20 }), (names, buckets) => {
        const [changed = '', ...rest] = names;
        const [before, after] = [shardMap(rest, buckets), shardMap(names, buckets)];
        const different = [...after.keys()].filter((id) => before.get(id) !== after.get(id));
        expect(different).toHaveLength(1);
        expect(after.get(different[0] ?? '')?.split(',')).toContain(changed);
        expect([...before.keys()].every((id) => after.has(id))).toBe(true);
      }),
    );
  });

  it('are of about the same size', () => {
    const counts = new Array<number>(8).fill(0);
    for (let i = 0; i < 8000; i++) {
      const bucket = bucketOf(`sounds-7-${String(i).padStart(5, '0')}`, 8);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(200);
  });

  it('need at least one bucket', () => {
    expect(() => shardsOf([{ id: 'a' }], 0)).toThrowError(/0 buckets/);
  });
});

const clips = Array.from({ length: 23 }, (_, i) => ({ id: `clip-${i}`, rows: 40 + 7 * i, group: i % 3 === 0 ? 'piano' : 'sounds' }));
const plan = { seed: 5, batch: 4, rows: 60 };

describe('batches', () => {
  it('of a step are the same whatever was drawn before', () => {
    const running = planBatches(clips, plan);
    const drawn = Array.from({ length: 50 }, (_, step) => running.at(step));
    for (const step of [49, 0, 17, 17, 3]) {
      expect(batchAt(clips, plan, step)).toEqual(drawn[step]);
      expect(running.at(step)).toEqual(drawn[step]);
    }
  });

  it('take every clip once an epoch, in a new order each time', () => {
    const running = planBatches(clips, { ...plan, batch: 23 });
    const epochs = [0, 1, 2].map((step) => running.at(step).map((item) => item.clip));
    for (const epoch of epochs) expect([...epoch].sort((a, b) => a - b)).toEqual(clips.map((_, i) => i));
    expect(epochs[0]).not.toEqual(epochs[1]);
    expect(planBatches(clips, { ...plan, seed: 6, batch: 23 }).at(0)).not.toEqual(running.at(0));
  });

  it('crop inside the clip', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100000 }), fc.integer({ min: 1, max: 300 }), (step, rows) => {
        for (const item of batchAt(clips, { ...plan, rows }, step)) {
          const length = clips[item.clip]?.rows ?? 0;
          expect(item.rows).toBe(Math.min(rows, length));
          expect(item.from).toBeGreaterThanOrEqual(0);
          expect(item.from + item.rows).toBeLessThanOrEqual(length);
        }
      }),
    );
  });

  it('mix groups by their weights, each running through its own clips', () => {
    const running = planBatches(clips, { ...plan, weights: { piano: 1, sounds: 3, absent: 5 } });
    const drawn = Array.from({ length: 512 }, (_, step) => running.at(step)).flat();
    const piano = drawn.filter((item) => clips[item.clip]?.group === 'piano');
    expect(piano.length / drawn.length).toBeCloseTo(0.25, 2);
    const counts = new Map<number, number>();
    for (const { clip } of piano) counts.set(clip, (counts.get(clip) ?? 0) + 1);
    expect(counts.size).toBe(8);
    expect(Math.max(...counts.values()) - Math.min(...counts.values())).toBeLessThanOrEqual(1);
  });

  it('are refused where there is nothing to draw from', () => {
    expect(() => planBatches([], plan)).toThrowError(/no clip/);
    expect(() => planBatches(clips, { ...plan, weights: { absent: 1 } })).toThrowError(/no clip/);
  });

  it('are padded with zeros behind short clips', () => {
    const items = [
      { clip: 0, id: 'short', from: 0, rows: 2 },
      { clip: 1, id: 'long', from: 5, rows: 3 },
    ];
    const { values, lengths } = readBatch(items, 3, 2, (id, from, count, out) => {
      expect(out.length).toBe(count * 2);
      out.fill(id === 'short' ? 1 : from);
    });
    expect([...values]).toEqual([1, 1, 1, 1, 0, 0, 5, 5, 5, 5, 5, 5]);
    expect([...lengths]).toEqual([2, 3]);
  });
});

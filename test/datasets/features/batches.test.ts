import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planBatches } from '../../../datasets/features/batches.ts';
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

/** Lengths of the clips of a group, in shards. */
const sounds = [
  [40, 47, 54, 61, 68],
  [75, 82, 89],
  [96, 103, 110, 117, 124, 131, 138],
];
const piano = [[44, 200, 61, 70, 59], [], [60, 300, 41]];
const groupOf = (lengths: readonly (readonly number[])[], weight?: number) => ({
  shards: lengths.map((shard) => shard.length),
  rows: (shard: number, clip: number) => lengths[shard]?.[clip] ?? Number.NaN,
  ...(weight !== undefined && { weight }),
});
const plan = { seed: 5, batch: 4, rows: 60, openShards: 2 };
const drawn = (step: number, changed = plan) => planBatches([groupOf(sounds)], changed).at(step);
const placeOf = ({ shard, clip }: { shard: number; clip: number }) => `${shard}/${clip}`;
const places = (lengths: readonly (readonly number[])[]) => lengths.flatMap((shard, i) => shard.map((_, clip) => `${i}/${clip}`)).sort();

describe('batches', () => {
  it('of a step are the same whatever was drawn before', () => {
    const running = planBatches([groupOf(sounds), groupOf(piano)], plan);
    const inOrder = Array.from({ length: 50 }, (_, step) => running.at(step));
    for (const step of [49, 0, 17, 17, 3]) {
      expect(planBatches([groupOf(sounds), groupOf(piano)], plan).at(step)).toEqual(inOrder[step]);
      expect(running.at(step)).toEqual(inOrder[step]);
    }
  });

  it('take every clip once an epoch, in a new order each time', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        (counts, openShards) => {
          const lengths = counts.map((count) => new Array<number>(count).fill(9));
          const clips = places(lengths);
          fc.pre(clips.length > 0);
          const running = planBatches([groupOf(lengths)], { seed: 2, batch: clips.length, rows: 4, openShards });
          for (const epoch of [0, 1, 5]) expect(running.at(epoch).map(placeOf).sort()).toEqual(clips);
        },
      ),
      { numRuns: 40 },
    );
    const epochs = [0, 1].map((epoch) => drawn(epoch, { ...plan, batch: 15 }).map(placeOf));
    expect(epochs[0]).not.toEqual(epochs[1]);
    expect(drawn(0, { ...plan, seed: 6, batch: 15 }).map(placeOf)).not.toEqual(epochs[0]);
  });

  it('draw from no more shards at a time than may be open', () => {
    const running = planBatches([groupOf(new Array(12).fill(new Array(10).fill(9)))], { seed: 1, batch: 30, rows: 1, openShards: 3 });
    for (let step = 0; step < 8; step++) expect(new Set(running.at(step).map(({ shard }) => shard)).size).toBe(3);
  });

  it('crop inside the clip', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100000 }), fc.integer({ min: 1, max: 300 }), (step, rows) => {
        for (const item of drawn(step, { ...plan, rows })) {
          const length = sounds[item.shard]?.[item.clip] ?? 0;
          expect(item.rows).toBe(Math.min(rows, length));
          expect(item.from).toBeGreaterThanOrEqual(0);
          expect(item.from + item.rows).toBeLessThanOrEqual(length);
        }
      }),
    );
  });

  it('mix groups by their weights, each running through its own clips', () => {
    const running = planBatches([groupOf(piano, 1), groupOf(sounds, 3), groupOf([], 5), groupOf(sounds, 0)], plan);
    const items = Array.from({ length: 512 }, (_, step) => running.at(step)).flat();
    const ofPiano = items.filter(({ group }) => group === 0);
    expect(ofPiano.length / items.length).toBeCloseTo(0.25, 2);
    expect(items.every(({ group }) => group < 2)).toBe(true);
    const counts = new Map<string, number>();
    for (const item of ofPiano) counts.set(placeOf(item), (counts.get(placeOf(item)) ?? 0) + 1);
    expect(counts.size).toBe(8);
    expect(Math.max(...counts.values()) - Math.min(...counts.values())).toBeLessThanOrEqual(1);
  });

  it('are refused where there is nothing to draw from', () => {
    expect(() => planBatches([], plan)).toThrowError(/no clip/);
    expect(() => planBatches([groupOf([]), groupOf(sounds, 0)], plan)).toThrowError(/no clip/);
    expect(() => planBatches([groupOf(sounds)], { ...plan, batch: 0 })).toThrowError(/a batch of 0/);
  });
});

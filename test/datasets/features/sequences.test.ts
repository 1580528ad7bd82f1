import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readAhead, readStoredAhead } from '../../../datasets/features/read-ahead.ts';
import { createShard } from '../../../datasets/features/sequence-shard.ts';
import {
  openBatches,
  openStoredBatches,
  type SequenceBatch,
  type SequenceGroup,
  type StoredValues,
} from '../../../datasets/features/sequences.ts';
import { fromHalfBits } from '../../../numeric/float16.ts';

const root = mkdtempSync(join(tmpdir(), 'sostenuto-sequences-'));
afterAll(() => rmSync(root, { recursive: true }));

/** Shards whose clips say in every value who they are, and in which row: 100 · number + row. */
function write(name: string, clipsOfShards: readonly number[], scalar: 'f32' | 'f16' = 'f32', width = 2): SequenceGroup {
  let number = 0;
  const shards = clipsOfShards.map((clips, i) => {
    const folder = join(root, `${name}-${i}`);
    mkdirSync(folder);
    const shard = createShard(folder, { name: 'latents', scalar, rowsPerSecond: 75, shape: [width] });
    for (let clip = 0; clip < clips; clip++, number++) {
      const rows = 4 + (number % 5);
      shard.append(
        `${name}-${number}`,
        Float32Array.from({ length: rows * width }, (_, value) => 100 * number + Math.floor(value / width)),
      );
    }
    shard.close();
    return { arrow: join(folder, 'latents.arrow'), index: join(folder, 'latents.json') };
  });
  return { shards };
}
const plan = { seed: 3, batch: 5, rows: 6, openShards: 2 };
const sounds = write('sounds', [7, 1, 9, 5, 3]);
const piano = write('piano', [6, 4], 'f16');
const groups = [
  { ...sounds, weight: 3 },
  { ...piano, weight: 2 },
];
const bytes = ({ values, lengths, ids }: SequenceBatch<StoredValues>) =>
  `${ids} ${lengths} ${Buffer.from(values.buffer).toString('base64')}`;
const openFiles = () => readdirSync('/proc/self/fd').length;

describe('batches from many shards', () => {
  it('hold what the shards hold, cropped inside a clip and zero behind short ones', () => {
    const batches = openBatches(groups, plan);
    for (let step = 0; step < 20; step++) {
      const { values, lengths, ids } = batches.read(step);
      ids.forEach((id, i) => {
        const number = Number(id.split('-')[1]);
        const row = values.subarray(i * 12, (i + 1) * 12);
        const from = (row[0] ?? 0) - 100 * number;
        expect(lengths[i]).toBe(Math.min(6, 4 + (number % 5)));
        expect(from + (lengths[i] ?? 0)).toBeLessThanOrEqual(4 + (number % 5));
        row.forEach((value, k) => {
          expect(value).toBe(Math.floor(k / 2) < (lengths[i] ?? 0) ? 100 * number + from + Math.floor(k / 2) : 0);
        });
      });
    }
    batches.close();
  });

  it('bring every clip of a group once an epoch', () => {
    const batches = openBatches([sounds], { ...plan, batch: 25 });
    for (const epoch of [0, 1, 2]) expect(new Set(batches.read(epoch).ids).size).toBe(25);
    expect(batches.read(0).ids).not.toEqual(batches.read(1).ids);
    batches.close();
  });

  it('are the same bytes after a resume, in any order, with a thread that reads ahead and without', async () => {
    const straight = openBatches(groups, plan);
    const wanted = Array.from({ length: 40 }, (_, step) => bytes(straight.read(step)));
    expect(new Set(wanted).size).toBe(40);
    const resumed = openBatches(groups, plan);
    for (const step of [31, 32, 7, 39, 0]) expect(bytes(resumed.read(step))).toBe(wanted[step]);
    resumed.close();
    const ahead = readAhead(groups, plan);
    for (const step of [0, 1, 2, 3, 20, 21, 5, 39]) expect(bytes(await ahead.read(step))).toBe(wanted[step]);
    // Several may be asked for at once.
    const asked = await Promise.all([8, 9, 10].map((step) => ahead.read(step)));
    expect(asked.map(({ ids }) => ids)).toEqual([8, 9, 10].map((step) => straight.read(step).ids));
    straight.close();
    await ahead.close();
  });

  it('are given as they are stored, of which the floats are the widened ones, also out of the thread', async () => {
    const [stored, floats] = [openStoredBatches([piano], plan), openBatches([piano], plan)];
    expect([stored.scalar, floats.scalar, stored.size]).toEqual(['f16', 'f32', floats.size]);
    const ahead = readStoredAhead([piano], plan);
    // A buffer that was used before, so that what is behind a short clip has to be cleared.
    const out = new Uint16Array(stored.size).fill(0x7bff);
    for (const step of [0, 1, 2, 9, 10]) {
      const { values, lengths, ids } = stored.read(step, out);
      expect(values).toBe(out);
      expect({ values: fromHalfBits(out), lengths, ids }).toEqual(floats.read(step));
      expect(bytes(await ahead.read(step))).toBe(bytes({ values: out, lengths, ids }));
    }
    await ahead.close();
    stored.close();
    floats.close();
    const wide = openStoredBatches([sounds], plan);
    expect(bytes(wide.read(4))).toBe(bytes(openBatches([sounds], plan).read(4)));
    expect(() => wide.read(4, new Float32Array(wide.size - 1))).toThrowError(/bytes/);
    wide.close();
    expect(() => openStoredBatches(groups, plan)).toThrowError(
      expect.objectContaining({ code: 'FEATURE_INVALID', problems: [expect.objectContaining({ found: '2 values of f16' })] }),
    );
  });

  it('keep few shards open, however many there are', () => {
    const many = write('many', new Array<number>(60).fill(2));
    const before = openFiles();
    const batches = openBatches([many], { ...plan, openShards: 4 });
    let most = 0;
    for (let step = 0; step < 30; step++) {
      batches.read(step);
      most = Math.max(most, openFiles() - before);
    }
    batches.close();
    expect(most).toBeLessThanOrEqual(5);
    expect(openFiles()).toBe(before);
  });

  it('name what is wrong: a cut shard, also out of the thread, and shards of different widths', async () => {
    const cut = write('cut', [3]);
    truncateSync(cut.shards[0]?.arrow ?? '', 300);
    const unreadable = expect.objectContaining({ code: 'SHARD_UNREADABLE' });
    expect(() => openBatches([cut], plan).read(0)).toThrowError(unreadable);
    const ahead = readAhead([cut], plan);
    await expect(ahead.read(0)).rejects.toThrowError(unreadable);
    await ahead.close();
    await expect(ahead.read(1)).rejects.toThrowError(/has ended/);
    expect(() => openBatches([sounds, write('wide', [1], 'f32', 3)], plan)).toThrowError(
      expect.objectContaining({ code: 'FEATURE_INVALID' }),
    );
  });
});

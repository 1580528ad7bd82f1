import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { keptOpen } from '../../../datasets/features/kept-open.ts';
import { createShard, openShard } from '../../../datasets/features/sequence-shard.ts';

const root = mkdtempSync(join(tmpdir(), 'sostenuto-kept-open-'));
afterAll(() => rmSync(root, { recursive: true }));

const files = () => readdirSync('/proc/self/fd').length;

it('few shards hold their files, those that were read last, and any can be read', () => {
  const shards = Array.from({ length: 6 }, (_, i) => {
    const writer = createShard(root, { name: `shard-${i}`, scalar: 'u8', rowsPerSecond: 25, shape: [1] });
    writer.append('a', Uint8Array.of(i));
    writer.close();
    const shard = openShard({ arrow: join(root, `shard-${i}.arrow`), index: join(root, `shard-${i}.json`) });
    shard.close();
    return shard;
  });
  const [before, open] = [files(), keptOpen(2)];
  for (const i of [0, 1, 2, 0, 5, 4, 4, 3, 0]) {
    const shard = shards[i];
    if (shard) expect([...open(shard).read('a')]).toEqual([i]);
    expect(files() - before).toBeLessThanOrEqual(2);
  }
  expect(files() - before).toBe(2);
  for (const shard of shards) shard.close();
  expect(files()).toBe(before);
});

/** Clips of one feature over many shards, of which few are open at a time: memory does not grow with the number of clips. */
import { SostenutoError } from '../../errors/problem.ts';
import { type Batches, type BatchGroup, type BatchPlan, OPEN_SHARDS, planBatches } from './batches.ts';
import { openShard, readIndex, type SequenceShard } from './sequence-shard.ts';

export interface ShardPaths {
  readonly arrow: string;
  readonly index: string;
}
/** A group of clips and what of the mix it is. */
export interface SequenceGroup {
  readonly shards: readonly ShardPaths[];
  readonly weight?: number;
}
export interface SequenceBatch {
  /** [batch, rows, width], zero behind short clips; u8 as numbers 0 … 255. */
  readonly values: Float32Array;
  /** True rows of each clip. */
  readonly lengths: Int32Array;
  readonly ids: readonly string[];
}
export interface SequenceBatches {
  readonly width: number;
  readonly clips: number;
  /** Numbers in the values of a batch. */
  readonly size: number;
  /** The batch of a step, its values in `out` if it is given. The same bytes for the same step, whatever was read before. */
  read(step: number, out?: Float32Array): SequenceBatch;
  close(): void;
}

/**
 * Opens shards for reading in batches. A shard is opened when it is drawn from, and closed when others have been.
 * @throws SostenutoError SHARD_UNREADABLE for a damaged one, also FEATURE_INVALID if they differ in width.
 */
export function openBatches(groups: readonly SequenceGroup[], plan: BatchPlan): SequenceBatches {
  const most = groups.length * ((plan.openShards ?? OPEN_SHARDS) + 1);
  const open = new Map<string, SequenceShard>();
  const shardAt = (paths: ShardPaths): SequenceShard => {
    const found = open.get(paths.arrow);
    const shard = found ?? openShard(paths);
    // The one that was used longest ago comes first in a map.
    open.delete(paths.arrow);
    open.set(paths.arrow, shard);
    const [oldest] = open;
    if (open.size > most && oldest) {
      open.delete(oldest[0]);
      oldest[1].close();
    }
    return shard;
  };
  const pathsOf = (group: number, shard: number): ShardPaths => {
    const paths = groups[group]?.shards[shard];
    if (!paths) throw new RangeError(`shard ${shard} of group ${group}`);
    return paths;
  };
  let width: number | undefined;
  const listed = groups.map(({ shards, weight }, group): BatchGroup => {
    const counts = shards.map(({ index: path }) => {
      const { clips, width: own } = readIndex(path);
      width ??= own;
      if (own !== width) throw anotherWidth(path, own, width);
      return clips.length;
    });
    return {
      shards: counts,
      rows: (shard, clip) => shardAt(pathsOf(group, shard)).index.clips[clip]?.rows ?? 0,
      ...(weight !== undefined && { weight }),
    };
  });
  const batches: Batches = planBatches(listed, plan);
  const columns = width ?? 0;
  const stride = plan.rows * columns;
  return {
    width: columns,
    clips: listed.reduce((sum, { shards }) => sum + shards.reduce((total, count) => total + count, 0), 0),
    size: plan.batch * stride,
    read(step, values = new Float32Array(plan.batch * stride)) {
      const items = batches.at(step);
      const ids = items.map(({ group, shard, clip, from, rows }, i) => {
        const opened = shardAt(pathsOf(group, shard));
        const id = opened.index.clips[clip]?.id ?? '';
        const out = values.subarray(i * stride, i * stride + rows * columns);
        if (opened.index.scalar === 'u8') out.set(opened.read(id, from, rows));
        else opened.read(id, from, rows, out);
        values.fill(0, i * stride + rows * columns, (i + 1) * stride);
        return id;
      });
      return { values, lengths: Int32Array.from(items, ({ rows }) => rows), ids };
    },
    close() {
      for (const shard of open.values()) shard.close();
      open.clear();
    },
  };
}

const anotherWidth = (where: string, found: number, expected: number) =>
  new SostenutoError({
    code: 'FEATURE_INVALID',
    what: 'Shards of one feature have rows of different widths',
    where,
    found: `${found} values`,
    expected: `${expected} values, as the shards before`,
    hint: 'make the feature again',
  });

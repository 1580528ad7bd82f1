/** Clips of one feature over many shards, of which few are open at a time: memory does not grow with the number of clips. */
import { SostenutoError } from '../../errors/problem.ts';
import { type Batches, type BatchGroup, type BatchItem, type BatchPlan, OPEN_SHARDS, planBatches } from './batches.ts';
import { openShard, readIndex, type Scalar, type SequenceShard } from './sequence-shard.ts';
import { bytesIn, SCALAR_BYTES } from './vector-column.ts';

export interface ShardPaths {
  readonly arrow: string;
  readonly index: string;
}
/** A group of clips and what of the mix it is. */
export interface SequenceGroup {
  readonly shards: readonly ShardPaths[];
  readonly weight?: number;
}
/** Values as a shard keeps them; f16 as the bits of halves. */
export type StoredValues = Float32Array | Uint16Array | Uint8Array;
export interface SequenceBatch<Values extends StoredValues = Float32Array> {
  /** [batch, rows, width], zero behind short clips. */
  readonly values: Values;
  /** True rows of each clip. */
  readonly lengths: Int32Array;
  readonly ids: readonly string[];
}
export interface SequenceBatches<Values extends StoredValues = Float32Array> {
  readonly width: number;
  readonly clips: number;
  /** What the values of a batch are. */
  readonly scalar: Scalar;
  /** Numbers in the values of a batch. */
  readonly size: number;
  /** The batch of a step, its values in `out` if it is given. The same bytes for the same step, whatever was read before. */
  read(step: number, out?: Values): SequenceBatch<Values>;
  close(): void;
}

const ARRAYS = { f32: Float32Array, f16: Uint16Array, u8: Uint8Array } as const;
/** Room for so many numbers; shared between threads, it is not copied on its way. */
export function sharedValues(scalar: Scalar, size: number): StoredValues {
  const room = new SharedArrayBuffer(SCALAR_BYTES[scalar] * size);
  return scalar === 'f32' ? new Float32Array(room) : scalar === 'f16' ? new Uint16Array(room) : new Uint8Array(room);
}

/** Batches as float32: halves are widened, bytes are numbers 0 … 255. Opens and throws as `openStoredBatches`. */
export const openBatches = (groups: readonly SequenceGroup[], plan: BatchPlan): SequenceBatches =>
  openGroups(groups, plan, {
    kept: () => 'f32',
    make: (_, size) => new Float32Array(size),
    read: (shard, { clip, from, rows }, out) => {
      const id = shard.index.clips[clip]?.id ?? '';
      if (shard.index.scalar === 'u8') out.set(shard.read(id, from, rows));
      else shard.read(id, from, rows, out);
    },
  });

/**
 * Batches of values as the shards keep them, read where they are wanted and touched no more. A shard is opened when it is drawn from, and closed
 * when others have been.
 * @throws SostenutoError SHARD_UNREADABLE for a damaged one, FEATURE_INVALID if shards differ in width or kind of number.
 */
export const openStoredBatches = (groups: readonly SequenceGroup[], plan: BatchPlan): SequenceBatches<StoredValues> =>
  openGroups<StoredValues>(groups, plan, {
    kept: (scalar) => scalar,
    make: (scalar, size) => new ARRAYS[scalar](size),
    read: (shard, { clip, from, rows }, out) => shard.readBytes(clip, from, rows, bytesIn(out)),
  });

interface Form<Values extends StoredValues> {
  /** What numbers of a shard become. */
  kept(scalar: Scalar): Scalar;
  make(scalar: Scalar, size: number): Values;
  read(shard: SequenceShard, item: BatchItem, out: Values): void;
}

function openGroups<Values extends StoredValues>(
  groups: readonly SequenceGroup[],
  plan: BatchPlan,
  form: Form<Values>,
): SequenceBatches<Values> {
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
  let first: { readonly width: number; readonly scalar: Scalar } | undefined;
  const listed = groups.map(({ shards, weight }, group): BatchGroup => {
    const counts = shards.map(({ index: path }) => {
      const { clips, width, scalar } = readIndex(path);
      const own = { width, scalar: form.kept(scalar) };
      first ??= own;
      if (own.width !== first.width || own.scalar !== first.scalar) throw another(path, own, first);
      return clips.length;
    });
    return {
      shards: counts,
      rows: (shard, clip) => shardAt(pathsOf(group, shard)).index.clips[clip]?.rows ?? 0,
      ...(weight !== undefined && { weight }),
    };
  });
  const batches: Batches = planBatches(listed, plan);
  const { width, scalar } = first ?? { width: 0, scalar: 'f32' };
  const stride = plan.rows * width;
  return {
    width,
    clips: listed.reduce((sum, { shards }) => sum + shards.reduce((total, count) => total + count, 0), 0),
    scalar,
    size: plan.batch * stride,
    read(step, values = form.make(scalar, plan.batch * stride)) {
      const items = batches.at(step);
      const ids = items.map((item, i) => {
        const shard = shardAt(pathsOf(item.group, item.shard));
        const end = i * stride + item.rows * width;
        form.read(shard, item, values.subarray(i * stride, end) as Values);
        values.fill(0, end, (i + 1) * stride);
        return shard.index.clips[item.clip]?.id ?? '';
      });
      return { values, lengths: Int32Array.from(items, ({ rows }) => rows), ids };
    },
    close() {
      for (const shard of open.values()) shard.close();
      open.clear();
    },
  };
}

const another = (where: string, found: { width: number; scalar: Scalar }, expected: { width: number; scalar: Scalar }) =>
  new SostenutoError({
    code: 'FEATURE_INVALID',
    what: 'Shards of one feature have rows of different widths or kinds of number',
    where,
    found: `${found.width} values of ${found.scalar}`,
    expected: `${expected.width} values of ${expected.scalar}, as the shards before`,
    hint: 'make the feature again',
  });

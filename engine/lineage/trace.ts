import type { ActionRecord } from '../actions/actions.ts';
import { reachedObjects } from '../store/references.ts';
import type { ActionsByContent } from './actions-by-content.ts';

/** A step on the way: an action, with the actions it is joined to. */
export interface Step {
  readonly key: string;
  readonly node: string;
  readonly task: string;
  readonly pipeline?: string;
  readonly params: unknown;
  /** Fingerprint of the code, and its modules with their hashes. */
  readonly code: { readonly digest: string; readonly modules: Readonly<Record<string, string>> };
  readonly startedAt: string;
  readonly seconds: number;
  readonly host: string;
  readonly backend?: string;
  readonly adoptedFrom?: string;
  readonly outputs: Readonly<Record<string, { readonly digest: string; readonly bytes: number }>>;
  /** Backward: what it read, and who made that. Forward: who read what it made. */
  readonly edges: readonly Edge[];
  /** Of a step where data begin, on the way back: objects that its outputs reach, the clips among them. */
  readonly objects?: number;
}
export interface Edge {
  /** Name of the input. */
  readonly input: string;
  readonly digest: string;
  /** Key of the other step; undefined if nobody recorded it. */
  readonly key?: string;
  /** Actions that made or read the same content besides. */
  readonly others?: number;
}

/** Steps in the order in which they were met, the first being the one that was asked for. */
export type Trace = readonly Step[];

/** Says which of several makers of the same content an input came from, by the node's name; undefined if that is not known. */
export type WhichNode = (user: ActionRecord, input: string) => string | undefined;

/** The whole way back from an action to where data begin. */
export function traceBack(actions: ActionsByContent, from: ActionRecord, whichNode: WhichNode): Trace {
  const steps = walk(actions, from, (record) =>
    Object.entries(record.inputs).map(([input, digest]): Edge => {
      const found = actions.makers.get(digest) ?? [];
      const maker = chooseMaker(found, record, whichNode(record, input));
      return {
        input,
        digest,
        ...(maker === undefined ? {} : { key: maker.key }),
        ...(found.length > 1 ? { others: found.length - 1 } : {}),
      };
    }),
  );
  return markOrigins(actions, steps);
}

/** Data begin in a step whose outputs have files, where nothing that it read had any: versions of tools are read, too. */
function markOrigins({ byKey, store }: ActionsByContent, steps: Trace): Trace {
  const stepOf = new Map(steps.map((step) => [step.key, step]));
  const origins = new Map<string, number>();
  const known = new Map<string, boolean>();
  const hasFiles = (key: string): boolean => {
    const before = known.get(key);
    if (before !== undefined) return before;
    const read = (stepOf.get(key)?.edges ?? []).filter((edge) => hasFiles(edge.key ?? ''));
    const outputs = Object.values(byKey.get(key)?.outputs ?? {});
    const objects = read.length > 0 ? 0 : [...reachedObjects(store.root, outputs, () => undefined)].length;
    const isOrigin = read.length === 0 && (objects > outputs.length || outputs.some(({ form }) => form !== 'json'));
    if (isOrigin) origins.set(key, objects);
    known.set(key, isOrigin || read.length > 0);
    return isOrigin || read.length > 0;
  };
  for (const { key } of steps) hasFiles(key);
  return steps.map((step) => {
    const objects = origins.get(step.key);
    return objects === undefined ? step : { ...step, objects };
  });
}

/** Everything that was made from an action's outputs, directly or not. Content of two bytes, such as `[]`, leads nowhere: everybody makes it. */
export function traceForward(actions: ActionsByContent, from: ActionRecord): Trace {
  return walk(actions, from, (record) =>
    Object.values(record.outputs)
      .filter(({ bytes }) => bytes > 2)
      .flatMap(({ digest }) =>
        (actions.users.get(digest) ?? []).flatMap((user): Edge[] => {
          const input = Object.entries(user.inputs).find(([, one]) => one === digest)?.[0] ?? '';
          return user.key === record.key || user.item !== undefined ? [] : [{ input, digest, key: user.key }];
        }),
      ),
  );
}

/** Of several makers: the node that the plan names, then one of the same pipeline that was there before. */
function chooseMaker(found: readonly ActionRecord[], user: ActionRecord, node: string | undefined): ActionRecord | undefined {
  const whole = found.filter(({ item, key }) => item === undefined && key !== user.key);
  const named = whole.filter((one) => node === undefined || one.node === node);
  const earlier = named.filter((one) => one.startedAt <= user.startedAt);
  return earlier.find(({ pipeline }) => pipeline === user.pipeline) ?? earlier[0] ?? named[0] ?? whole[0] ?? found[0];
}

function walk(actions: ActionsByContent, from: ActionRecord, edgesOf: (record: ActionRecord) => Edge[]): Trace {
  const steps = new Map<string, Step>();
  const waiting = [from];
  for (let record = waiting.shift(); record !== undefined; record = waiting.shift()) {
    if (steps.has(record.key)) continue;
    const edges = edgesOf(record);
    steps.set(record.key, stepOf(record, edges));
    waiting.push(...edges.flatMap(({ key = '' }) => actions.byKey.get(key) ?? []));
  }
  return [...steps.values()];
}

function stepOf(record: ActionRecord, edges: readonly Edge[]): Step {
  const { key, node = record.task, task, pipeline, params, code, startedAt, seconds, machine, backend, adoptedFrom, outputs } = record;
  return {
    key,
    node,
    task,
    ...(pipeline === undefined ? {} : { pipeline }),
    params,
    code: { digest: code.digest, modules: code.modules },
    startedAt,
    seconds,
    host: machine.host,
    ...(backend === undefined ? {} : { backend }),
    ...(adoptedFrom === undefined ? {} : { adoptedFrom }),
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, { digest, bytes }]) => [name, { digest, bytes }])),
    edges,
  };
}

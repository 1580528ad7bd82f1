import { indexedActions } from '../actions/action-index.ts';
import { type ActionRecord, findAction, readAction } from '../actions/actions.ts';
import type { Fingerprint } from '../fingerprint/fingerprint.ts';
import type { PlannedInput } from '../plan/plan.ts';
import type { Store } from '../store/store.ts';
import { type Difference, differences, fileChanges } from './differences.ts';

/** Why a node runs or is reused, as data. */
export type Reason =
  | { readonly kind: 'forced' }
  /** No earlier action of this node is known. */
  | { readonly kind: 'first' }
  /** The result is known, but some of it is no longer in the store. */
  | { readonly kind: 'outputs-missing' }
  | ({ readonly kind: 'param' } & Difference)
  | ({ readonly kind: 'item' } & Difference)
  | { readonly kind: 'input'; readonly input: string; readonly upstream?: PlannedInput; readonly from?: string; readonly to?: string }
  /** `file` relative to the project's root, or `npm:<package>` with versions. */
  | {
      readonly kind: 'code';
      readonly file: string;
      readonly change: 'changed' | 'added' | 'removed';
      readonly from?: string;
      readonly to?: string;
    };

export interface Explanation {
  readonly node: string;
  readonly key: string;
  readonly decision: 'reused' | 'run';
  readonly reasons: readonly Reason[];
  /** Key and time of the earlier action that was compared with. */
  readonly comparedWith?: { readonly key: string; readonly startedAt: string };
}

/** A node whose key is known, that is, whose inputs are there. */
export interface ExplainedNode {
  readonly node: string;
  readonly task: string;
  readonly key: string;
  readonly params: unknown;
  readonly item?: unknown;
  readonly inputs: Readonly<Record<string, string>>;
  readonly code: Fingerprint;
  /** Which output of which node each input is. */
  readonly upstream?: Readonly<Record<string, PlannedInput>>;
  readonly isForced?: boolean;
  /** What a look-up answered already; saves doing it again. */
  readonly isHit?: boolean;
}

/**
 * Says why a node would be reused or run, against the newest earlier action of the same task and node: which params, inputs
 * and source files differ. Reads only.
 */
export async function explainNode(store: Store, node: ExplainedNode): Promise<Explanation> {
  const { key } = node;
  const isHit = node.isHit ?? (await findAction(store, key)) !== undefined;
  if (node.isForced) return { node: node.node, key, decision: 'run', reasons: [{ kind: 'forced' }] };
  if (isHit) return { node: node.node, key, decision: 'reused', reasons: [] };
  if (readAction(store, key) !== undefined) return { node: node.node, key, decision: 'run', reasons: [{ kind: 'outputs-missing' }] };
  const earlier = newestAction(store, node);
  if (earlier === undefined) return { node: node.node, key, decision: 'run', reasons: [{ kind: 'first' }] };
  const comparedWith = { key: earlier.key, startedAt: earlier.startedAt };
  return { node: node.node, key, decision: 'run', reasons: compare(earlier, node), comparedWith };
}

/** The newest action of a node, whether or not its outputs are still there. */
export function newestAction(store: Pick<Store, 'root'>, of: Pick<ExplainedNode, 'node' | 'task' | 'item'>): ActionRecord | undefined {
  // Of lines with the same time the later one is the newer.
  const lines = indexedActions(store, of).map((line, at) => ({ ...line, at }));
  lines.sort((one, other) => (one.startedAt === other.startedAt ? other.at - one.at : one.startedAt < other.startedAt ? 1 : -1));
  for (const { key } of lines) {
    const record = readAction(store, key);
    if (record !== undefined) return record;
  }
  return undefined;
}

function compare(earlier: ActionRecord, node: ExplainedNode): Reason[] {
  const params = differences(earlier.params, node.params).map((difference): Reason => ({ kind: 'param', ...difference }));
  const items = differences(earlier.item, node.item).map((difference): Reason => ({ kind: 'item', ...difference }));
  const names = [...new Set([...Object.keys(earlier.inputs), ...Object.keys(node.inputs)])].sort();
  const inputs = names
    .filter((input) => earlier.inputs[input] !== node.inputs[input])
    .map((input): Reason => {
      const [upstream, from, to] = [node.upstream?.[input], earlier.inputs[input], node.inputs[input]];
      return { kind: 'input', input, ...(upstream && { upstream }), ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
    });
  const code =
    earlier.code.digest === node.code.digest
      ? []
      : fileChanges(earlier.code, node.code).map((change): Reason => ({ kind: 'code', ...change }));
  return [...code, ...params, ...items, ...inputs];
}

import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';

export { canonicalJson } from './canonical-json.ts';

/** All that a node's result depends on. Nothing else enters its key. */
export interface KeyedNode {
  readonly task: string;
  readonly params: unknown;
  /** The element, in a map. */
  readonly item?: unknown;
  /** Input name to the digest of its content. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Digest of the code's fingerprint. */
  readonly code: string;
}

/** sha256 of a text or of bytes, in hex. */
export const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

/**
 * Key of a node: sha256 of the canonical JSON of what it depends on. Inputs enter by content, so an upstream node that runs
 * again with the same bytes leaves everything below it cached.
 */
export function nodeKey(node: KeyedNode): string {
  const { task, params, item, inputs, code } = node;
  return sha256(canonicalJson({ format: 1, task, params, item, inputs, code }));
}

/** Identity of a training's checkpoints: the key without the params that only move the end, so that raising them continues. */
export function trajectoryKey(node: KeyedNode & { readonly endParams: readonly string[] }): string {
  const { task, params, item, inputs, code, endParams } = node;
  return sha256(canonicalJson({ format: 1, trajectory: true, task, params: without(params, endParams), item, inputs, code }));
}

function without(params: unknown, names: readonly string[]): unknown {
  if (typeof params !== 'object' || params === null || Array.isArray(params)) return params;
  return Object.fromEntries(Object.entries(params).filter(([name]) => !names.includes(name)));
}

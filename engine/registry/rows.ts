import type { Artifact } from '../define/ports.ts';

/** A version of a registered model. */
export interface ModelVersion {
  readonly name: string;
  /** From 1 on. */
  readonly version: number;
  readonly artifact: Artifact;
  readonly scores?: Artifact;
  readonly measure?: string;
  readonly value?: number;
  /** ISO 8601. */
  readonly at: string;
}
export interface Alias {
  readonly name: string;
  readonly alias: string;
  readonly version: number;
  /** A person, or `rule`. */
  readonly by: string;
  readonly reason: string;
  /** ISO 8601. */
  readonly at: string;
}
type Row = Readonly<Record<string, unknown>>;

const text = (value: unknown): string => (value === null || value === undefined ? '' : String(value));

export function versionOf(row: Row): ModelVersion {
  const { name, version, form, digest, bytes, scores, scoresBytes, measure, value, at } = row;
  return {
    name: text(name),
    version: Number(version),
    artifact: { form: form === 'file' || form === 'json' ? form : 'tree', digest: text(digest), bytes: Number(bytes) },
    ...(scores == null ? {} : { scores: { form: 'json', digest: text(scores), bytes: Number(scoresBytes) } }),
    ...(measure == null ? {} : { measure: text(measure) }),
    ...(value == null ? {} : { value: Number(value) }),
    at: text(at),
  };
}

export const aliasOf = ({ name, alias, version, by, reason, at }: Row): Alias => ({
  name: text(name),
  alias: text(alias),
  version: Number(version),
  by: text(by),
  reason: text(reason),
  at: text(at),
});

import type { Artifact } from '../../engine/define/ports.ts';
import type { Ledger } from '../../engine/ledger/ledger.ts';
import type { Plan, PlannedNode } from '../../engine/plan/plan.ts';
import type { Store } from '../../engine/store/store.ts';
import { loadPlan } from '../plan/run-plan.ts';
import type { Delivery } from './delivery.ts';

/** A run as the ledger and the store tell of it. */
export interface ToldRun {
  readonly run: string;
  readonly pipeline: string;
  readonly status: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt?: number;
  /** Path of the report's page. */
  readonly report?: string;
  readonly error?: string;
  /** Undefined if it was collected as garbage. */
  readonly plan?: Plan;
  /** As they ended; while the run goes on, its trainings as they stand. */
  readonly nodes: readonly ToldNode[];
}
export interface ToldNode {
  readonly id: string;
  readonly task: string;
  readonly status: string;
  readonly cache: string;
  readonly key: string;
  readonly attempts: number;
  readonly seconds: number;
  /** Milliseconds since 1970. */
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly queue: string;
  readonly error?: string;
  readonly outputs: Readonly<Record<string, Artifact>>;
}
/** A point of a metric that was not delivered yet. */
export interface ToldPoint {
  readonly node: string;
  readonly name: string;
  readonly step: number;
  readonly value: number | 'NaN';
  /** Milliseconds since 1970. */
  readonly at: number;
}
type Sources = { readonly ledger: Ledger; readonly store: Store };

export async function readRun({ ledger, store }: Sources, run: string): Promise<ToldRun | undefined> {
  const [row] = await ledger.query('SELECT * FROM runs WHERE run = $1', [run]);
  if (row === undefined) return undefined;
  const artifacts = await ledger.query('SELECT node, output, form, digest, bytes FROM artifacts WHERE run = $1 AND item IS NULL', [run]);
  const nodes = await ledger.query('SELECT * FROM nodes WHERE run = $1 AND item IS NULL', [run]);
  const outputs = new Map<string, Record<string, Artifact>>();
  for (const { node, output, form, digest, bytes } of artifacts) {
    const of = outputs.get(String(node)) ?? {};
    of[String(output)] = { form: form === 'file' || form === 'tree' ? form : 'json', digest: String(digest), bytes: Number(bytes) };
    outputs.set(String(node), of);
  }
  const planned = outputs.get('')?.['plan'];
  // What was collected leaves its params out, and nothing else.
  const plan = planned === undefined || !(await store.has(planned)) ? undefined : (await loadPlan(store, planned)).plan;
  const { pipeline, status, startedAt, endedAt, report, error } = row;
  return {
    run,
    pipeline: String(pipeline),
    status: String(status),
    startedAt: Date.parse(String(startedAt)) || 0,
    ...(endedAt == null ? {} : { endedAt: Date.parse(String(endedAt)) }),
    ...(report == null ? {} : { report: String(report) }),
    ...(error == null ? {} : { error: String(error) }),
    ...(plan === undefined ? {} : { plan }),
    nodes: nodes.map((node) => ({
      id: String(node['node']),
      task: String(node['task']),
      status: String(node['status']),
      cache: String(node['cache'] ?? ''),
      key: String(node['key'] ?? ''),
      attempts: Number(node['attempts'] ?? 0),
      seconds: Number(node['seconds'] ?? 0),
      queue: String(node['queue'] ?? ''),
      ...(node['startedAt'] == null ? {} : { startedAt: Date.parse(String(node['startedAt'])) }),
      ...(node['endedAt'] == null ? {} : { endedAt: Date.parse(String(node['endedAt'])) }),
      ...(node['error'] == null ? {} : { error: String(node['error']) }),
      outputs: outputs.get(String(node['node'])) ?? {},
    })),
  };
}

/** More are read the next time. */
export const mostPoints = 20_000;

/** Points beyond the marks, in the order of their steps. Points of a map's elements are not tracked. */
export async function readPoints(ledger: Ledger, { run, marks }: Delivery): Promise<ToldPoint[]> {
  const rows = Object.entries(marks).flatMap(([node, names]) => Object.entries(names).map(([name, step]) => ({ node, name, step })));
  const points = await ledger.query(
    `WITH marks AS (SELECT unnest(from_json($2::JSON, '[{"node":"VARCHAR","name":"VARCHAR","step":"BIGINT"}]'), recursive := true))
SELECT m.node, m.name, m.step, m.value, m.at FROM metrics m LEFT JOIN marks k ON k.node = m.node AND k.name = m.name
WHERE m.run = $1 AND m.item IS NULL AND (k.step IS NULL OR m.step > k.step) ORDER BY m.step LIMIT ${mostPoints}`,
    [run, JSON.stringify(rows)],
  );
  return points.map(({ node, name, step, value, at }) => ({
    node: String(node),
    name: String(name),
    step: Number(step),
    // JSON has kept neither NaN nor infinity.
    value: value == null ? 'NaN' : Number(value),
    at: Date.parse(String(at)) || 0,
  }));
}

export const plannedNode = ({ plan }: ToldRun, id: string): PlannedNode | undefined => plan?.nodes.find((node) => node.id === id);

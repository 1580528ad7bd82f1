import { fromLedger, newestRun, noSuchRun } from '../../activities/client/from-ledger.ts';
import type { NodeReport, RunReport } from '../../activities/messages.ts';
import { readAction } from '../../engine/actions/actions.ts';
import { type Difference, differences, type FileChange, fileChanges } from '../../engine/explain/differences.ts';
import { type MeasuredRun, type MeasuredValue, readMeasuredRuns } from '../../engine/history/measured-runs.ts';
import { type Ledger, openLedger } from '../../engine/ledger/ledger.ts';
import { openStore, type Store } from '../../engine/store/store.ts';
import { projectHome } from './project.ts';

/** What differs between two runs. */
export interface Comparison {
  readonly runs: readonly [ComparedRun, ComparedRun];
  readonly settings: readonly Difference[];
  readonly nodes: readonly ComparedNode[];
  readonly code: readonly { readonly task: string; readonly changes: readonly FileChange[] }[];
  readonly measures: readonly ComparedMeasure[];
}
export interface ComparedRun {
  readonly run: string;
  readonly workflowId: string;
  readonly pipeline: string;
  readonly preset: string;
  readonly status: string;
  readonly startedAt: string;
  readonly seconds: number;
}
export interface ComparedNode {
  readonly node: string;
  /** `shared`: one result for both; `different`: another key; `only first`, `only second`. */
  readonly standing: 'shared' | 'different' | 'only first' | 'only second';
  readonly outcomes: readonly [string, string];
}
export interface ComparedMeasure {
  readonly node: string;
  readonly name: string;
  readonly better?: 'lower' | 'higher';
  readonly values: readonly [number | null, number | null];
  /** 95 % intervals, of those that were measured with one. */
  readonly intervals: readonly [MeasuredValue['interval'] | null, MeasuredValue['interval'] | null];
  /** Second minus first. */
  readonly difference?: number;
  readonly verdict?: 'better' | 'worse' | 'same';
}

interface Side {
  readonly report: RunReport;
  readonly run: ComparedRun;
  readonly settings: unknown;
  readonly measured: MeasuredRun | undefined;
}
export interface Sources {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly reports: readonly [RunReport, RunReport];
}

/** @throws SostenutoError `NO_SUCH_RUN` */
export async function compareRuns(first: string, second: string): Promise<{ readonly comparison: Comparison; readonly sources: Sources }> {
  const home = await projectHome();
  const [store, ledger] = [await openStore(home), openLedger(home)];
  const measured = await readMeasuredRuns(store, ledger);
  const [a, b] = [await readSide(store, ledger, measured, first), await readSide(store, ledger, measured, second)];
  const comparison: Comparison = {
    runs: [a.run, b.run],
    settings: differences(a.settings, b.settings),
    nodes: compareNodes(a.report.nodes, b.report.nodes),
    code: compareCode(store, a.report.nodes, b.report.nodes),
    measures: compareMeasures(a.measured, b.measured),
  };
  return { comparison, sources: { store, ledger, reports: [a.report, b.report] } };
}

async function readSide(store: Store, ledger: Ledger, measured: readonly MeasuredRun[], workflowId: string): Promise<Side> {
  const report = await fromLedger({ ledger, store }, workflowId);
  const row = await newestRun(ledger, workflowId);
  if (report === undefined || row === undefined) throw noSuchRun(workflowId);
  const run = String(row['run']);
  const { pipeline, status, seconds } = report;
  return {
    report,
    run: { run, workflowId, pipeline, preset: String(row['preset'] ?? ''), status, startedAt: String(row['startedAt']), seconds },
    settings: JSON.parse(String(row['settings'] ?? 'null')),
    measured: measured.find((one) => one.run === run),
  };
}

const outcomeOf = (node: NodeReport | undefined): string =>
  node === undefined ? 'none' : node.status === 'done' ? (node.cache === 'hit' ? 'reused' : 'ran') : node.status;

function compareNodes(first: readonly NodeReport[], second: readonly NodeReport[]): ComparedNode[] {
  return [...new Set([...first, ...second].map(({ id }) => id))].map((id) => {
    const [a, b] = [first.find((node) => node.id === id), second.find((node) => node.id === id)];
    const isShared = a !== undefined && b !== undefined && a.key === b.key && a.key !== '';
    const standing = b === undefined ? 'only first' : a === undefined ? 'only second' : isShared ? 'shared' : 'different';
    return { node: id, standing, outcomes: [outcomeOf(a), outcomeOf(b)] };
  });
}

/** Modules that differ, for each task once. */
function compareCode(store: Store, first: readonly NodeReport[], second: readonly NodeReport[]): Comparison['code'] {
  const codeOf = (nodes: readonly NodeReport[]) =>
    new Map(nodes.flatMap(({ key, task }) => (key === '' ? [] : [[task, readAction(store, key)?.code] as const])));
  const [before, after] = [codeOf(first), codeOf(second)];
  return [...before].flatMap(([task, from]) => {
    const to = after.get(task);
    return from === undefined || to === undefined || from.digest === to.digest ? [] : [{ task, changes: fileChanges(from, to) }];
  });
}

function compareMeasures(first: MeasuredRun | undefined, second: MeasuredRun | undefined): ComparedMeasure[] {
  const all = [...(first?.measures ?? []), ...(second?.measures ?? [])];
  const names = new Map(all.map((one) => [`${one.node} ${one.name}`, one]));
  return [...names.values()].map(({ node, name, better }) => {
    const found = [first, second].map((run) => run?.measures.find((one) => one.node === node && one.name === name));
    const [a, b] = [found[0]?.value ?? null, found[1]?.value ?? null];
    const intervals = [found[0]?.interval ?? null, found[1]?.interval ?? null] as const;
    const sense = { intervals, ...(better === undefined ? {} : { better }) };
    if (a === null || b === null) return { node, name, ...sense, values: [a, b] };
    const gained = better === 'lower' ? a - b : b - a;
    const verdict = gained === 0 ? 'same' : gained > 0 ? 'better' : 'worse';
    return { node, name, ...sense, values: [a, b], difference: b - a, ...(better === undefined ? {} : { verdict }) };
  });
}

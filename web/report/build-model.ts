import { z } from 'zod';
import { type ActionRecord, readAction } from '../../engine/actions/actions.ts';
import type { Artifact } from '../../engine/define/ports.ts';
import { parseTrigger, type RunBegin } from '../../engine/history/measured-runs.ts';
import type { Ledger } from '../../engine/ledger/ledger.ts';
import type { Plan, PlannedNode } from '../../engine/plan/plan.ts';
import type { Store } from '../../engine/store/store.ts';
import { SostenutoError } from '../../errors/problem.ts';
import { type FinishedNode, type FinishedRun, ledgerName } from './finished-run.ts';
import { headline } from './headline.ts';
import type { Exhibit, ReportedCode, ReportedMeasure, ReportedNode, ReportModel } from './model.ts';
import { readCurves } from './read-curves.ts';
import { readDataCards } from './read-data-cards.ts';
import { readExhibit } from './read-exhibits.ts';
import { counted, duration, moment } from './words.ts';

export interface ReportSources {
  readonly store: Store;
  readonly ledger: Pick<Ledger, 'query' | 'isEmpty'>;
  readonly run: FinishedRun;
  readonly plan: Plan;
  /** Default: what the ledger says, which takes a database. */
  readonly begin?: RunBegin;
  /** Address of the run's history. */
  readonly temporalUi?: string;
}
export interface BuiltReport {
  readonly model: ReportModel;
  /** Name below the report's `media/` → path in the store. */
  readonly media: ReadonlyMap<string, string>;
}

/** Outputs of these names are shown wherever they occur. */
const measuresOutput = 'measures';
const quarantinedOutput = 'quarantined';

const measures = z.array(
  z.object({
    name: z.string(),
    value: z.number(),
    unit: z.string().exactOptional(),
    better: z.enum(['lower', 'higher']).exactOptional(),
    note: z.string().exactOptional(),
  }),
);
const quarantine = z.array(z.object({ id: z.string(), reason: z.string() }));

/** Puts a report together from what the run left: its result, its plan, the store's records and outputs, the ledger's metrics. */
export async function buildReportModel({ store, ledger, run, plan, temporalUi, ...given }: ReportSources): Promise<BuiltReport> {
  const planned = new Map(plan.nodes.map((node) => [node.id, node]));
  const records = new Map(
    run.nodes.flatMap((node): [string, ActionRecord][] => {
      const record = node.key === '' ? undefined : readAction(store, node.key);
      return record === undefined ? [] : [[node.id, record]];
    }),
  );
  const shown = await readOutputs(store, run, planned);
  const begin = given.begin ?? (await beginOf(ledger, run));
  const nodes = run.nodes.map((node) => reportedNode(node, planned.get(node.id), records.get(node.id)));
  const model: ReportModel = {
    run: {
      workflowId: run.workflowId,
      runId: run.runId,
      pipeline: run.pipeline,
      preset: plan.preset,
      status: run.status,
      ...begin,
      seconds: run.seconds,
      headline: headline(run, shown.measures),
      ...(run.alert === undefined ? {} : { alert: run.alert.message }),
    },
    nodes,
    settings: plan.settings,
    code: codeOf(run, records, plan),
    ...computedOn(run, records),
    curves: await readCurves(ledger, run),
    exhibits: shown.exhibits,
    measures: shown.measures,
    data: await readDataCards(store, nodes, records, shown.quarantined),
    quarantined: shown.quarantined,
    links: temporalUi === undefined ? {} : { temporalUi },
  };
  return { model, media: shown.media };
}

/** When a run began, and the schedule that began it. */
async function beginOf(ledger: Pick<Ledger, 'query'>, run: FinishedRun): Promise<RunBegin> {
  const [row] = await ledger.query('SELECT startedAt, trigger FROM runs WHERE run = $1', [ledgerName(run)]);
  const known = row?.['startedAt'];
  const scheduled = parseTrigger(row?.['trigger']);
  return {
    startedAt: typeof known === 'string' ? known : new Date(Date.now() - run.seconds * 1000).toISOString(),
    ...(scheduled && { scheduled }),
  };
}

function reportedNode(node: FinishedNode, planned: PlannedNode | undefined, record: ActionRecord | undefined): ReportedNode {
  const inputs = [...Object.values(planned?.inputs ?? {}), ...(planned?.over === undefined ? [] : [planned.over])];
  const summary = summaryOf(node, record);
  const { id, task, status, cache, key, attempts, seconds, error } = node;
  return {
    id,
    task,
    kind: planned?.kind ?? 'task',
    status,
    cache,
    key,
    attempts,
    seconds,
    deps: [...new Set(inputs.map((input) => input.node))],
    queue: planned?.queue ?? '',
    outputs: Object.entries(node.outputs).map(([name, artifact]) => ({ name, ...artifact })),
    ...(summary === '' ? {} : { summary }),
    ...(error === undefined ? {} : { error }),
  };
}

function summaryOf({ elements, cache, status }: FinishedNode, record: ActionRecord | undefined): string {
  const parts: string[] = [];
  if (elements !== undefined) {
    const { total, ran, hits, quarantined } = elements;
    const shares = [ran > 0 && `${ran} ran`, hits > 0 && `${hits} reused`, quarantined > 0 && `${quarantined} quarantined`].filter(
      (part) => part !== false,
    );
    parts.push(`${counted(total, 'element')}${shares.length > 0 ? `: ${shares.join(', ')}` : ''}`);
  }
  if (status === 'done' && cache === 'hit' && record !== undefined)
    parts.push(`made ${moment(record.startedAt)} in ${duration(record.seconds)}`);
  if (record?.adoptedFrom !== undefined) parts.push(`went on from adopted checkpoint ${record.adoptedFrom}`);
  return parts.join('; ');
}

interface Shown {
  readonly measures: ReportedMeasure[];
  readonly exhibits: Exhibit[];
  readonly quarantined: ReportModel['quarantined'][number][];
  readonly media: Map<string, string>;
}

/** What the nodes made for people: measures, exhibits, and what they left out. An output that can't be read is named in its place. */
async function readOutputs(store: Store, run: FinishedRun, planned: ReadonlyMap<string, PlannedNode>): Promise<Shown> {
  const shown: Shown = { measures: [], exhibits: [], quarantined: [], media: new Map() };
  for (const node of run.nodes) {
    const plan = planned.get(node.id);
    for (const [name, { digest, bytes }] of Object.entries(node.outputs)) {
      const artifact: Artifact = { digest, bytes, form: plan?.kind === 'map' ? 'json' : (plan?.outputs[name] ?? 'json') };
      try {
        await readOutput(store, node.id, name, artifact, shown);
      } catch (error) {
        if (!(error instanceof SostenutoError)) throw error;
        shown.exhibits.push({ node: node.id, title: name, note: `This output cannot be read: ${error.message}`, groups: [] });
      }
    }
  }
  return shown;
}

async function readOutput(store: Store, node: string, name: string, artifact: Artifact, shown: Shown): Promise<void> {
  if (artifact.form === 'tree') {
    const read = await readExhibit(store, node, artifact);
    if (read === undefined) return;
    shown.exhibits.push(read.exhibit);
    for (const [placed, path] of read.media) shown.media.set(placed, path);
  } else if (artifact.form === 'json' && name === measuresOutput) {
    // What comes last sums up the rest, so it is told first.
    shown.measures.unshift(...(measures.safeParse(await store.readJson(artifact)).data ?? []));
  } else if (artifact.form === 'json' && name === quarantinedOutput) {
    const items = quarantine.safeParse(await store.readJson(artifact)).data ?? [];
    shown.quarantined.push(...items.map((item) => ({ node, ...item })));
  }
}

/** The code that made the results; for nodes without one, the code of the plan. */
function codeOf(run: FinishedRun, records: ReadonlyMap<string, ActionRecord>, plan: Plan): Record<string, ReportedCode> {
  const code: Record<string, ReportedCode> = {};
  for (const { id, task } of run.nodes) {
    const fingerprint = records.get(id)?.code ?? plan.code[task];
    if (fingerprint !== undefined && Object.keys(fingerprint.modules).length > 0)
      code[task] = { digest: fingerprint.digest, files: Object.keys(fingerprint.modules).sort() };
  }
  return code;
}

/** The machine of the longest node that ran here (else of the longest at all), and every backend and host that took part. */
function computedOn(run: FinishedRun, records: ReadonlyMap<string, ActionRecord>): Pick<ReportModel, 'machine' | 'backend'> {
  const ran = run.nodes.filter((node) => node.cache === 'miss' && records.has(node.id)).flatMap((node) => records.get(node.id) ?? []);
  const made = ran.length > 0 ? ran : [...records.values()];
  const longest = made.reduce<ActionRecord | undefined>(
    (best, record) => (best === undefined || record.seconds > best.seconds ? record : best),
    undefined,
  );
  const hosts = [...new Set(made.map((record) => record.machine.host))];
  const backends = [...new Set(made.flatMap((record) => record.backend ?? []))].join(', ');
  const machine: Record<string, string | number> =
    longest === undefined ? {} : { ...longest.machine, ...(hosts.length > 1 ? { 'all hosts': hosts.join(', ') } : {}) };
  return { machine, ...(backends === '' ? {} : { backend: backends }) };
}

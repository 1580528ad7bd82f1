import type { Artifact } from '../../engine/define/ports.ts';
import type { Ledger } from '../../engine/ledger/ledger.ts';
import { SostenutoError } from '../../errors/problem.ts';
import type { Cache, NodeReport, NodeStatus, RunReport, RunStatus } from '../messages.ts';
import { summaryOutput } from '../rows.ts';
import type { RunClient } from './run-client.ts';

/** The row of the newest run with this workflow id. */
export async function newestRun(ledger: Pick<Ledger, 'query'>, workflowId: string): Promise<Record<string, unknown> | undefined> {
  const query = `SELECT * FROM runs WHERE starts_with(run, $1 || '/') ORDER BY startedAt DESC LIMIT 1`;
  const [row] = await ledger.query(query, [workflowId]);
  return row;
}

export const noSuchRun = (
  workflowId: string,
  what = `The ledger knows no run "${workflowId}".`,
  options: { readonly cause?: unknown } = {},
): SostenutoError =>
  new SostenutoError({ code: 'NO_SUCH_RUN', what, where: workflowId, hint: '`sostenuto status` lists the runs.' }, options);

/** The newest run with this workflow id, from ledger and store alone: its own last words, else its rows. */
export async function fromLedger(
  { ledger, store }: Pick<RunClient, 'ledger' | 'store'>,
  workflowId: string,
): Promise<RunReport | undefined> {
  const run = await newestRun(ledger, workflowId);
  if (run === undefined) return undefined;
  const name = text(run['run']);
  const artifacts = await ledger.query('SELECT * FROM artifacts WHERE run = $1 AND item IS NULL', [name]);
  const summary = artifacts.find((row) => row['node'] === '' && row['output'] === summaryOutput);
  if (summary !== undefined) {
    const artifact: Artifact = { form: 'json', digest: text(summary['digest']), bytes: Number(summary['bytes']) };
    if (await store.has(artifact)) return store.readJson<RunReport>(artifact);
  }
  const nodes = await ledger.query('SELECT * FROM nodes WHERE run = $1 AND item IS NULL ORDER BY node', [name]);
  const outputs = new Map<string, Record<string, { digest: string; bytes: number }>>();
  for (const row of artifacts) {
    const of = outputs.get(text(row['node'])) ?? {};
    of[text(row['output'])] = { digest: text(row['digest']), bytes: Number(row['bytes']) };
    outputs.set(text(row['node']), of);
  }
  return {
    workflowId,
    runId: name.slice(workflowId.length + 1),
    pipeline: text(run['pipeline']),
    status: text(run['status']) as RunStatus,
    seconds: Number(run['seconds'] ?? 0),
    report: run['report'] == null ? null : text(run['report']),
    nodes: nodes.map(
      (row): NodeReport => ({
        id: text(row['node']),
        task: text(row['task']),
        status: text(row['status']) as NodeStatus,
        cache: row['cache'] === 'hit' ? 'hit' : ('miss' satisfies Cache),
        key: text(row['key']),
        attempts: Number(row['attempts'] ?? 0),
        seconds: Number(row['seconds'] ?? 0),
        outputs: outputs.get(text(row['node'])) ?? {},
        ...(row['error'] == null ? {} : { error: text(row['error']) }),
      }),
    ),
    ...(run['error'] == null ? {} : { error: text(run['error']) }),
  };
}

const text = (value: unknown): string => (value === null || value === undefined ? '' : String(value));

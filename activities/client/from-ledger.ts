import type { Ledger } from '../../engine/ledger/ledger.ts';
import type { Cache, NodeReport, NodeStatus, RunReport, RunStatus } from '../messages.ts';

/** The newest run with this workflow id, from the ledger alone. */
export async function fromLedger(ledger: Ledger, workflowId: string): Promise<RunReport | undefined> {
  const [run] = await ledger.query(`SELECT * FROM runs WHERE starts_with(run, $1 || '/') OR run = $1 ORDER BY startedAt DESC LIMIT 1`, [workflowId]);
  if (run === undefined) return undefined;
  const name = text(run['run']);
  const nodes = await ledger.query('SELECT * FROM nodes WHERE run = $1 AND item IS NULL ORDER BY written', [name]);
  const artifacts = await ledger.query('SELECT * FROM artifacts WHERE run = $1 AND item IS NULL', [name]);
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

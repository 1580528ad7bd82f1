import type { Ledger } from '../../engine/ledger/ledger.ts';
import { type FinishedRun, ledgerName } from './finished-run.ts';
import type { Curve } from './model.ts';

/** Metrics under `system/` tell what the machine did. A metric of this name is no curve: its steps are those at which a training went on from a checkpoint. */
const resumedMetric = 'resumed';

const ownMetrics = `SELECT node, name, step, value FROM metrics WHERE run = $1 AND item IS NULL AND NOT starts_with(name, 'system/') ORDER BY step`;
/** The metrics of reused results are those of the newest run that made them. */
const inheritedMetrics = `SELECT made.key AS node, m.name, m.step, m.value FROM metrics m JOIN (
  SELECT n.run, n.node, n.key FROM nodes n JOIN runs r ON r.run = n.run
  WHERE n.item IS NULL AND n.cache = 'miss' AND n.status = 'done' AND n.key IN (SELECT unnest(string_split($1, ',')))
  QUALIFY row_number() OVER (PARTITION BY n.key ORDER BY r.startedAt DESC) = 1
) made ON made.run = m.run AND made.node = m.node WHERE m.item IS NULL AND NOT starts_with(m.name, 'system/') ORDER BY m.step`;

/** The curves of a run's nodes, in the order of the nodes; for reused nodes those of the run that made the result. */
export async function readCurves(ledger: Pick<Ledger, 'query' | 'isEmpty'>, run: FinishedRun): Promise<Curve[]> {
  // A database takes longer to load than everything else of a short run.
  if (ledger.isEmpty('metrics')) return [];
  const reused = run.nodes.filter((node) => node.cache === 'hit' && node.key !== '');
  const own = collect(await ledger.query(ownMetrics, [ledgerName(run)]));
  const inherited =
    reused.length === 0
      ? new Map<string, Curve[]>()
      : collect(await ledger.query(inheritedMetrics, [reused.map((node) => node.key).join(',')]));
  return run.nodes.flatMap(
    (node) =>
      own.get(node.id) ?? (node.cache === 'hit' ? (inherited.get(node.key) ?? []).map((curve) => ({ ...curve, node: node.id })) : []),
  );
}

function collect(rows: readonly Record<string, unknown>[]): Map<string, Curve[]> {
  const byNode = new Map<string, Map<string, [number, number][]>>();
  for (const { node, name, step, value } of rows) {
    const curves = byNode.get(String(node)) ?? new Map<string, [number, number][]>();
    byNode.set(String(node), curves);
    const points = curves.get(String(name)) ?? [];
    curves.set(String(name), points);
    points.push([Number(step), value === null ? Number.NaN : Number(value)]);
  }
  return new Map(
    [...byNode].map(([node, curves]) => {
      const resumePoints = (curves.get(resumedMetric) ?? []).map(([step]) => step);
      curves.delete(resumedMetric);
      return [
        node,
        [...curves].map(([name, points]): Curve => ({ node, name, points, ...(resumePoints.length > 0 ? { resumePoints } : {}) })),
      ];
    }),
  );
}

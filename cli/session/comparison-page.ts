import { join } from 'node:path';
import type { RunReport } from '../../activities/messages.ts';
import type { Store } from '../../engine/store/store.ts';
import { pairExhibits, renderComparison } from '../../web/report/comparison-page.ts';
import type { Exhibit, ExhibitTable } from '../../web/report/model.ts';
import { readExhibit } from '../../web/report/read-exhibits.ts';
import { slug } from '../../web/report/words.ts';
import { writePage } from '../../web/report/write-report.ts';
import type { ComparedMeasure, Comparison, Sources } from './compare.ts';
import { projectHome } from './project.ts';

/** Writes the comparison into `<home>/reports` and returns the path of its page. */
export async function writeComparison(comparison: Comparison, { store, ledger, reports }: Sources): Promise<string> {
  const media = new Map<string, string>();
  const forms = async (run: string) =>
    (await ledger.query(`SELECT node, output, digest, bytes FROM artifacts WHERE run = $1 AND form = 'tree' AND item IS NULL`, [run])).map(
      (row) => ({
        node: String(row['node']),
        digest: String(row['digest']),
        bytes: Number(row['bytes']),
      }),
    );
  const exhibitsOf = async ({ workflowId, runId }: RunReport, side: string): Promise<Exhibit[]> => {
    const found: Exhibit[] = [];
    for (const { node, digest, bytes } of await forms(`${workflowId}/${runId}`))
      found.push(...(await readSide(store, { node, digest, bytes }, side, media)));
    return found;
  };
  const [ofFirst, ofSecond] = [await exhibitsOf(reports[0], 'first'), await exhibitsOf(reports[1], 'second')];
  // The store has one path for one content.
  const exhibits = pairExhibits(ofFirst, ofSecond, (one, other) => media.get(one) === media.get(other));
  const [first, second] = comparison.runs.map(({ workflowId }) => slug(workflowId).slice(0, 90));
  const directory = join(await projectHome(), 'reports', `compare-${first}-with-${second}`);
  return writePage({ runs: comparison.runs, tables: tablesOf(comparison), exhibits }, media, directory, renderComparison);
}

/** An exhibit, its media under a name of their run's own. Trees that are none, or are gone, show nothing. */
async function readSide(
  store: Store,
  { node, ...tree }: { node: string; digest: string; bytes: number },
  side: string,
  media: Map<string, string>,
): Promise<Exhibit[]> {
  const read = await readExhibit(store, `${side} ${node}`, { form: 'tree', ...tree }).catch(() => undefined);
  if (read === undefined) return [];
  for (const [name, path] of read.media) media.set(name, path);
  return [{ ...read.exhibit, node }];
}

const within = (interval: ComparedMeasure['intervals'][number]): string | null =>
  interval ? `${Number(interval.low.toPrecision(3))} … ${Number(interval.high.toPrecision(3))}` : null;

const figure = (value: number | null | undefined): number | null => (value == null ? null : Number(value.toPrecision(4)));

/** What differs, as tables with rows; said in the terminal too. What is the same in both runs is counted in the titles. */
export function tablesOf({ settings, nodes, code, measures }: Comparison): ExhibitTable[] {
  const text = (value: unknown): string => JSON.stringify(value) ?? '–';
  const differing = measures.filter(({ difference }) => difference !== 0);
  const changed = nodes.filter(({ standing }) => standing !== 'shared');
  const tables: ExhibitTable[] = [
    {
      title: 'Settings',
      columns: ['setting', 'first', 'second'],
      rows: settings.map(({ path, from, to }) => [path, text(from), text(to)]),
    },
    {
      title: 'Code',
      columns: ['task', 'module', 'change'],
      rows: code.flatMap(({ task, changes }) => changes.map(({ file, change }) => [task, file, change])),
    },
    {
      title: besides('Measures', measures.length - differing.length, 'the same in both'),
      columns: ['node', 'measure', 'first', '95 %', 'second', '95 %', 'difference', 'second is'],
      rows: differing.map(({ node, name, values, intervals, difference, verdict }) => [
        ...[node, name, figure(values[0]), within(intervals[0]), figure(values[1]), within(intervals[1])],
        ...[figure(difference), verdict ?? ''],
      ]),
    },
    {
      title: besides('Nodes', nodes.length - changed.length, 'shared: one result for both'),
      columns: ['node', 'standing', 'in the first', 'in the second'],
      rows: changed.map(({ node, standing, outcomes }) => [node, standing, ...outcomes]),
    },
  ];
  return tables.filter(({ rows }) => rows.length > 0);
}

const besides = (what: string, count: number, why: string): string => (count === 0 ? what : `${what} that differ; ${count} are ${why}`);

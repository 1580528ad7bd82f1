import { indexedActions } from '../../engine/actions/action-index.ts';
import { type ActionRecord, readAction } from '../../engine/actions/actions.ts';
import type { Views } from '../../engine/ledger/ledger.ts';
import { objectPath } from '../../engine/store/layout.ts';
import type { Store } from '../../engine/store/store.ts';
import { SostenutoError } from '../../errors/problem.ts';

/** Node that lists clips and features, and its outputs, which are Parquet files. */
const NODE = { task: 'catalogue', node: 'catalogue' };
const VIEWS = ['clips', 'features'];

/**
 * SQL of the views `clips` and `features`: of each pipeline what its newest catalogue lists, beside the pipeline's name. The catalogue is there as soon as its
 * node is done, while the run goes on. Throws `NO_SUCH_ARTIFACT` before there is one.
 */
export function featureViews(store: Pick<Store, 'root'>): Views {
  const newest = new Map<string, ActionRecord>();
  for (const { key } of indexedActions(store, NODE)) {
    const record = readAction(store, key);
    const before = newest.get(record?.pipeline ?? '');
    if (record?.outputs['features'] && !(before && before.startedAt > record.startedAt)) newest.set(record.pipeline ?? '', record);
  }
  if (newest.size > 0) return Object.fromEntries(VIEWS.map((view) => [view, viewSql(store, view, newest)]));
  throw new SostenutoError({
    code: 'NO_SUCH_ARTIFACT',
    what: 'No catalogue of clips and features has been made yet.',
    where: `node ${NODE.node}`,
    hint: 'the views clips and features are there as soon as this node of a run of video-to-audio is done',
  });
}

function viewSql(store: Pick<Store, 'root'>, view: string, newest: ReadonlyMap<string, ActionRecord>): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
  const parts = [...newest].map(
    ([pipeline, { outputs }]) =>
      `SELECT ${quoted(pipeline)} AS pipeline, * FROM read_parquet(${quoted(objectPath(store.root, outputs[view]?.digest ?? ''))})`,
  );
  return `CREATE OR REPLACE TEMP VIEW ${view} AS ${parts.join(' UNION ALL BY NAME ')};`;
}

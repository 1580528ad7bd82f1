import { extname } from 'node:path';
import type { ActionRecord } from '../../engine/actions/actions.ts';
import type { Artifact } from '../../engine/define/ports.ts';
import { reachedObjects } from '../../engine/store/references.ts';
import type { Store } from '../../engine/store/store.ts';
import type { DataCard, ReportedNode, ReportModel } from './model.ts';

/** A node whose results have files, where nothing that it reads has any: there data begin. Versions of tools are read, too. */
interface Beginning {
  readonly id: string;
  readonly task: string;
  readonly record: ActionRecord;
}

/**
 * One card for each place where data begin: what was asked for, what there is of it, and what was left out below. Facts, no judgement.
 *
 * @param nodes in topological order
 */
export async function readDataCards(
  store: Store,
  nodes: readonly Pick<ReportedNode, 'id' | 'deps'>[],
  records: ReadonlyMap<string, ActionRecord>,
  quarantined: ReportModel['quarantined'],
): Promise<DataCard[]> {
  const cards: DataCard[] = [];
  const withFiles = new Set<string>();
  for (const { id, deps } of nodes) {
    const record = records.get(id);
    if (deps.some((dep) => withFiles.has(dep))) withFiles.add(id);
    else if (record !== undefined) {
      const card = await readCard(store, { id, task: record.task, record });
      if (card.files === 0) continue;
      withFiles.add(id);
      cards.push({ ...card, leftOut: quarantined.filter(({ node }) => node === id).length });
    }
  }
  return cards;
}

async function readCard(store: Store, { id, task, record }: Beginning): Promise<Omit<DataCard, 'leftOut'>> {
  const outputs = Object.values(record.outputs);
  const kinds: Record<string, number> = {};
  let [files, bytes] = [0, 0];
  for (const output of outputs) {
    for (const { kind, size } of await filesOf(store, output)) {
      kinds[kind] = (kinds[kind] ?? 0) + 1;
      files++;
      bytes += size;
    }
  }
  const made = { madeAt: record.startedAt, code: record.code.digest, digests: outputs.map(({ digest }) => digest) };
  return { node: id, task, params: record.params, files, bytes, kinds, licences: licencesIn(record.params), ...made };
}

/** `licence` of the params, or of each of their `sources`. */
function licencesIn(params: unknown): string[] {
  const { licence, sources } = Object(params);
  if (typeof licence === 'string') return [licence];
  return Array.isArray(sources) ? sources.map((source) => `${Object(source).kind}: ${Object(source).licence ?? 'not stated'}`) : [];
}

/** Files of a tree by their endings, or files that a value refers to. What a collection took is not counted. */
async function filesOf(store: Store, artifact: Artifact): Promise<{ kind: string; size: number }[]> {
  if (artifact.form === 'file') return [{ kind: 'file', size: artifact.bytes }];
  if (artifact.form === 'tree') {
    const tree = await store.openTree(artifact).catch(() => undefined);
    const names = [...(tree?.files.keys() ?? [])];
    return names.map((name, i) => ({ kind: extname(name).slice(1) || 'other', size: i === 0 ? artifact.bytes : 0 }));
  }
  const inside = [...reachedObjects(store.root, [artifact], () => undefined)].slice(1);
  return inside.flatMap(({ bytes }) => (bytes === undefined ? [] : [{ kind: 'file', size: bytes }]));
}

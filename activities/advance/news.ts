import type { Quarantined } from '../../engine/define/pipeline.ts';
import type { Dependencies } from '../dependencies.ts';
import type { Decided, GroupOutcome, News } from '../messages.ts';
import type { NodeState, PartialMap, RunState } from '../state.ts';

/** A run's state that is being changed; the stored one never is. */
export interface Draft {
  readonly nodes: Record<string, NodeState>;
  readonly maps: Record<string, PartialMap>;
  /** Decisions about gates that are not recorded yet. */
  readonly decisions: Record<string, Decided>;
}

export const draftOf = ({ nodes, maps, decisions }: RunState): Draft => ({
  nodes: { ...nodes },
  maps: { ...maps },
  decisions: { ...decisions },
});
export const emptyMap: PartialMap = { ran: 0, quarantined: [], seconds: 0, attempts: 1 };

/** Takes in what the workflow learnt, in the order in which it did. */
export async function takeIn(deps: Pick<Dependencies, 'store'>, draft: Draft, news: readonly News[]): Promise<void> {
  for (const item of news) {
    const { node } = item;
    if ('outcome' in item) draft.nodes[node] = { status: 'done', ...item.outcome };
    else if ('elements' in item) draft.maps[node] = await addElements(deps, draft.maps[node] ?? emptyMap, item.elements);
    else if ('failed' in item) draft.nodes[node] = { ...unsettled, status: 'failed', attempts: item.attempts, error: item.failed };
    else if ('skipped' in item) draft.nodes[node] = { ...unsettled, status: 'skipped', error: item.skipped };
    else if ('decision' in item) draft.decisions[node] = { decision: item.decision, ...(item.answer && { answer: item.answer }) };
    else {
      delete draft.nodes[node];
      delete draft.maps[node];
      delete draft.decisions[node];
    }
  }
}

export const unsettled = { key: '', seconds: 0, attempts: 0, outputs: {} } as const;

async function addElements(deps: Pick<Dependencies, 'store'>, map: PartialMap, elements: GroupOutcome): Promise<PartialMap> {
  const lists = await Promise.all(elements.quarantine.map((list) => deps.store.readJson<Quarantined[]>(list)));
  return {
    ran: map.ran + elements.ran,
    quarantined: [...map.quarantined, ...lists.flat()],
    seconds: map.seconds + elements.seconds,
    attempts: Math.max(map.attempts, elements.attempts),
  };
}

import type { RunReport } from '../../activities/messages.ts';
import type { Store } from '../../engine/store/store.ts';
import { counted } from '../display/words.ts';

/** How many items nodes named as left out, and the first ones with their reasons; nothing where there are none, or where a list is gone. */
export async function leftOutLines(store: Store, { nodes }: Pick<RunReport, 'nodes'>, shown = 3): Promise<string[]> {
  const found: string[] = [];
  for (const { outputs } of nodes) {
    const { quarantined } = outputs;
    if (quarantined === undefined) continue;
    const list = [await store.readJson<unknown>({ form: 'json', ...quarantined }).catch(() => [])].flat();
    for (const item of list) {
      const { id, reason } = Object(item);
      if (typeof id === 'string' && typeof reason === 'string') found.push(`  ${id}: ${reason}`);
    }
  }
  if (found.length === 0) return [];
  const rest = found.length > shown ? [`  and ${found.length - shown} more`] : [];
  return [`${counted(found.length, 'item')} left out, each with its reason in the report:`, ...found.slice(0, shown), ...rest];
}

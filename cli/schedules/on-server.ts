import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, ScheduleDescription, ScheduleHandle } from '@temporalio/client';
import { type Difference, differences } from '../../engine/explain/differences.ts';
import { SostenutoError } from '../../errors/problem.ts';
import type { Overlap, ScheduleDeclaration } from './declaration.ts';
import { type Desired, desiredOf, foundOf, optionsOf, overlapPolicy } from './desired.ts';

/** The schedules of a project at a server. */
export interface Schedules {
  readonly client: Client;
  /** Queue of the runs: it tells projects apart that share a server. */
  readonly taskQueue: string;
  readonly declared: ReadonlyMap<string, ScheduleDeclaration>;
}

export type Standing = 'same' | 'missing' | 'different' | 'undeclared';
/** A schedule by name, with what would be changed by `apply`: from what the server has to what is declared. */
export interface Compared {
  readonly name: string;
  readonly standing: Standing;
  readonly differences: readonly Difference[];
  readonly found?: ScheduleDescription;
}

const idOf = ({ taskQueue }: Schedules, name: string): string => `${taskQueue}-${name}`;
const handleOf = (all: Schedules, name: string): ScheduleHandle => all.client.schedule.getHandle(idOf(all, name));
const isUnknown = (error: unknown): boolean => error instanceof Error && error.name === 'ScheduleNotFoundError';

/** What the server has of a schedule; undefined if nothing. */
export async function describeSchedule(all: Schedules, name: string): Promise<ScheduleDescription | undefined> {
  return handleOf(all, name)
    .describe()
    .catch((error: unknown) => {
      if (isUnknown(error)) return undefined;
      throw error;
    });
}

/** Schedules that are declared, and those that this project has at the server without a declaration. */
export async function compareSchedules(all: Schedules): Promise<Compared[]> {
  const names = new Set(all.declared.keys());
  for await (const { memo } of all.client.schedule.list())
    if (memo?.['taskQueue'] === all.taskQueue && typeof memo['name'] === 'string') names.add(memo['name']);
  const compared = await Promise.all([...names].map((name) => compareSchedule(all, name)));
  // The list is a little behind: what it still has may be gone.
  return compared.filter(({ standing, found }) => standing !== 'undeclared' || found !== undefined);
}

async function compareSchedule(all: Schedules, name: string): Promise<Compared> {
  const [declared, found] = [all.declared.get(name), await describeSchedule(all, name)];
  if (declared === undefined) return { name, standing: 'undeclared', differences: [], ...(found && { found }) };
  if (found === undefined) return { name, standing: 'missing', differences: [] };
  const different = differences(foundOf(found), desiredOf(name, declared, all.taskQueue));
  return { name, standing: different.length === 0 ? 'same' : 'different', differences: different, found };
}

export type Applied = Omit<Compared, 'found'> & { readonly did: 'created' | 'updated' | 'deleted' | 'kept' };

/** Makes the server's schedules what is declared. A schedule that is paused stays so. Undeclared ones are deleted only with `prune`. */
export async function applySchedules(all: Schedules, options: { readonly prune?: boolean } = {}): Promise<Applied[]> {
  const applied: Applied[] = [];
  for (const { found: _, ...one } of await compareSchedules(all))
    applied.push({ ...one, did: await apply(all, one, options.prune ?? false) });
  return applied;
}

async function apply(all: Schedules, { name, standing }: Omit<Compared, 'found'>, prune: boolean): Promise<Applied['did']> {
  if (standing === 'undeclared' && prune) await handleOf(all, name).delete();
  if (standing === 'undeclared') return prune ? 'deleted' : 'kept';
  const declared = all.declared.get(name);
  if (declared === undefined || standing === 'same') return 'kept';
  const wanted: Desired = desiredOf(name, declared, all.taskQueue);
  if (standing === 'different') {
    await handleOf(all, name).update(({ state }) => ({ ...optionsOf(name, wanted), state }));
    return 'updated';
  }
  await all.client.schedule.create({ scheduleId: idOf(all, name), memo: { taskQueue: all.taskQueue, name }, ...optionsOf(name, wanted) });
  return 'created';
}

/** What can be done with one schedule by hand. */
export type Order =
  | { readonly do: 'trigger'; readonly overlap?: Overlap }
  | { readonly do: 'pause' | 'unpause'; readonly note?: string }
  | { readonly do: 'delete' }
  | { readonly do: 'backfill'; readonly from: Date; readonly to: Date; readonly overlap: Overlap };

/** @throws SostenutoError `NO_SUCH_SCHEDULE` */
export async function orderSchedule(all: Schedules, name: string, order: Order): Promise<void> {
  try {
    await carryOut(handleOf(all, name), order, all.declared.get(name)?.overlap ?? 'skip');
  } catch (error) {
    if (!isUnknown(error)) throw error;
    const isDeclared = all.declared.has(name);
    throw new SostenutoError({
      code: 'NO_SUCH_SCHEDULE',
      what: `The server has no schedule "${name}".`,
      where: idOf(all, name),
      expected: `one of ${[...all.declared.keys()].join(', ') || 'none: temporal.config.ts declares no schedules'}`,
      hint: isDeclared ? '`sostenuto schedule apply` creates it.' : '`sostenuto schedule ls` lists the schedules.',
    });
  }
}

async function carryOut(handle: ScheduleHandle, order: Order, declared: Overlap): Promise<void> {
  switch (order.do) {
    case 'trigger':
      // Unsaid, the client would let it run beside whatever runs, and the server would not count it as running.
      return handle.trigger(overlapPolicy(order.overlap ?? declared));
    case 'pause':
      return insist(handle, true, () => handle.pause(order.note));
    case 'unpause':
      return insist(handle, false, () => handle.unpause(order.note));
    case 'delete':
      return handle.delete();
    case 'backfill':
      return handle.backfill({ start: order.from, end: order.to, overlap: overlapPolicy(order.overlap) });
  }
}

const tries = 5;
const looks = 10;

/** A pause that meets an update at the server may be taken back by it: it is asked for until it is seen. */
async function insist(handle: ScheduleHandle, paused: boolean, ask: () => Promise<void>): Promise<void> {
  for (let attempt = 0; attempt < tries; attempt++) {
    await ask();
    for (let look = 0; look < looks; look++, await sleep(100)) if ((await handle.describe()).state.paused === paused) return;
  }
}

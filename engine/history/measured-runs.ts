import type { Artifact } from '../define/ports.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Store } from '../store/store.ts';

/** A figure as pipelines hand it out in outputs that are called `measures`. */
export interface MeasuredValue {
  readonly node: string;
  readonly name: string;
  readonly value: number;
  /** 95 %. */
  readonly interval?: { readonly low: number; readonly high: number };
  readonly unit?: string;
  readonly better?: 'lower' | 'higher';
}
/** What a run measured. */
export interface MeasuredRun {
  /** `<workflow>/<run>`. */
  readonly run: string;
  readonly pipeline: string;
  /** The schedule that started it. */
  readonly schedule?: string;
  /** The scheduled time, or the time at which it started; ISO 8601. */
  readonly at: string;
  readonly report?: string;
  readonly measures: readonly MeasuredValue[];
}

/** The schedule that began a run, and the time that it was meant for (ISO 8601). */
export interface Scheduled {
  readonly schedule: string;
  readonly at: string;
}
/** When a run began (ISO 8601), and by which schedule; no schedule began a run that a person started. */
export interface RunBegin {
  readonly startedAt: string;
  readonly scheduled?: Scheduled;
}

/** The trigger of a run in the ledger. */
export const scheduledTrigger = ({ schedule, at }: Scheduled): string => `schedule:${schedule}@${at}`;

export function parseTrigger(trigger: unknown): Scheduled | undefined {
  const [, schedule, at] = /^schedule:(.*)@([^@]*)$/.exec(String(trigger ?? '')) ?? [];
  return schedule === undefined || at === undefined ? undefined : { schedule, at };
}

const rowsSql = `SELECT r.run, r.pipeline, r.trigger, r.startedAt, r.report, a.node, a.digest, a.bytes
FROM runs r JOIN artifacts a ON a.run = r.run WHERE a.output = 'measures' AND a.form = 'json' AND a.item IS NULL ORDER BY r.startedAt, r.run, a.node`;

/** Every run that measured something, oldest first. Measures that a collection has taken from the store are left out. */
export async function readMeasuredRuns(store: Store, ledger: Pick<Ledger, 'query' | 'isEmpty'>): Promise<MeasuredRun[]> {
  if (ledger.isEmpty('artifacts')) return [];
  const runs = new Map<string, Omit<MeasuredRun, 'measures'> & { measures: MeasuredValue[] }>();
  for (const row of await ledger.query(rowsSql)) {
    const run = String(row['run']);
    const scheduled = parseTrigger(row['trigger']);
    const known = runs.get(run) ?? {
      run,
      pipeline: String(row['pipeline']),
      ...(scheduled ?? { at: String(row['startedAt']) }),
      ...(typeof row['report'] === 'string' ? { report: row['report'] } : {}),
      measures: [],
    };
    runs.set(run, known);
    const artifact = { form: 'json', digest: String(row['digest']), bytes: Number(row['bytes']) } as const;
    known.measures.push(...(await readMeasures(store, String(row['node']), artifact).catch(() => [])));
  }
  return [...runs.values()].sort((one, other) => one.at.localeCompare(other.at));
}

/** What a node measured, by its output `measures`: one measure or a list of them; nothing of a node without such an output. */
export async function readMeasures(store: Pick<Store, 'readJson'>, node: string, output: Artifact | undefined): Promise<MeasuredValue[]> {
  if (output?.form !== 'json') return [];
  return [await store.readJson<unknown>(output)].flat().flatMap((one) => measuredValue(node, one));
}

/** A value from outside, if it is a measure. */
export function measuredValue(node: string, value: unknown): MeasuredValue[] {
  const { name, value: figure, unit, better, interval } = Object(value);
  if (typeof name !== 'string' || typeof figure !== 'number') return [];
  const sense = better === 'lower' || better === 'higher' ? { better } : {};
  const { low, high } = Object(interval);
  const between = typeof low === 'number' && typeof high === 'number' ? { interval: { low, high } } : {};
  return [{ node, name, value: figure, ...between, ...(typeof unit === 'string' ? { unit } : {}), ...sense } as MeasuredValue];
}

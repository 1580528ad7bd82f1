import type { RowProcess, Steps } from './row-process.ts';

export interface Measured {
  readonly row: string;
  /** Milliseconds a step. */
  readonly median: number;
  readonly least: number;
  readonly cpu: number;
  /** Median over the rounds of its time by that of the row compared with, and how far it went. */
  readonly ratio: number;
  readonly ratios: readonly [least: number, most: number];
  /** MB. */
  readonly loaded: number;
  readonly maxRss: number;
}

export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const round = (value: number, digits = 0): number => Number(value.toFixed(digits));

/** Rows in turn, some steps each, for several rounds: other loads of the machine then hit all rows alike, and ratios are of one round. */
export async function alternate(rows: readonly RowProcess[], against: string, rounds: number, steps: number): Promise<Measured[]> {
  const taken = new Map<string, Steps[]>(rows.map(({ name }) => [name, []]));
  for (const row of rows) await row.take(1); // its first steps are of another kind
  for (let i = 0; i < rounds; i++) for (const row of rows) taken.get(row.name)?.push(await row.take(steps));
  const base = (taken.get(against) ?? []).map(({ wall }) => median(wall));
  const measured: Measured[] = [];
  for (const row of rows) {
    const own = taken.get(row.name) ?? [];
    const walls = own.flatMap(({ wall }) => wall);
    const ratios = own.map(({ wall }, i) => median(wall) / (base[i] ?? Number.NaN));
    measured.push({
      row: row.name,
      median: round(median(walls)),
      least: round(Math.min(...walls)),
      cpu: round(median(own.flatMap(({ cpu }) => cpu))),
      ratio: round(median(ratios), 2),
      ratios: [round(Math.min(...ratios), 2), round(Math.max(...ratios), 2)],
      loaded: round(row.loaded),
      maxRss: round(await row.stop()),
    });
  }
  return measured;
}

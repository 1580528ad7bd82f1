import type { Compared } from './compare.ts';

/** Prints a comparison for people. */
export function printComparison({ what, notes, rows }: Compared, more: (median: number) => Record<string, number> = () => ({})): void {
  console.log(`\n${what}\n${notes.join('\n')}`);
  console.table(
    rows.map(({ row, median, least, cpu, ratio, ratios, loaded, maxRss, difference, share }) => ({
      row,
      'median ms': median,
      'least ms': least,
      'cpu ms': cpu,
      ratio,
      'in rounds': ratios.join('–'),
      ...more(median),
      ...(share !== undefined && { 'of sgemm': share }),
      'MB loaded': loaded,
      'MB at most': maxRss,
      difference: difference.toExponential(0),
    })),
  );
}

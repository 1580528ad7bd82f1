/** How far several judges of the same things agree. */
export interface Agreement {
  /** Part of all pairs of judgments on the same thing that are equal; undefined when nothing was judged twice. */
  readonly agreeing?: number;
  /** Krippendorff's alpha: 1 full agreement, 0 as by chance; undefined also where only one answer was ever given. */
  readonly alpha?: number;
}

/**
 * Agreement of any number of judges, each of whom may have left things out: `units` holds the answers that each thing was given. Nominal Krippendorff's
 * alpha = 1 − D_o/D_e from the coincidence matrix, after Krippendorff, "Computing Krippendorff's alpha-reliability" (2011).
 */
export function agreementOf(units: readonly (readonly string[])[]): Agreement {
  const judged = units.filter(({ length }) => length > 1);
  const totals = new Map<string, number>();
  let [equal, pairs, disagreement] = [0, 0, 0];
  for (const answers of judged) {
    const counts = new Map<string, number>();
    for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
    const ordered = answers.length * (answers.length - 1);
    let same = 0;
    for (const [answer, count] of counts) {
      same += count * (count - 1);
      totals.set(answer, (totals.get(answer) ?? 0) + count);
    }
    equal += same / 2;
    pairs += ordered / 2;
    disagreement += (ordered - same) / (answers.length - 1);
  }
  if (pairs === 0) return {};
  const n = [...totals.values()].reduce((sum, count) => sum + count, 0);
  const chance = [...totals.values()].reduce((sum, count) => sum + count * (n - count), 0) / (n - 1);
  return { agreeing: equal / pairs, ...(chance === 0 ? {} : { alpha: 1 - disagreement / chance }) };
}

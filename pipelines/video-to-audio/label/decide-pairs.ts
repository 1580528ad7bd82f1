import type { Run } from '../../../engine/define/task.ts';
import { agreementOf } from '../../../models/preference/agreement.ts';
import { decidePairs as decide, judgmentsByPair } from '../../../models/preference/decide.ts';
import type { Measure } from '../../measure.ts';
import type { decidePairs as declaration } from './tasks.ts';

/** The rule is `models/preference/decide.ts`'s. */
export const decidePairs: Run<typeof declaration> = async ({ inputs: { pairs, judgments }, params: { votesPerPair } }) => {
  const { preferences, dropped } = decide(pairs, judgments, votesPerPair);
  const units = [...judgmentsByPair(pairs, judgments).values()].map((given) => given.map(({ choice }) => choice));
  const { agreeing, alpha } = agreementOf(units);
  const note = 'of the judgments about the same pairs';
  const measures: Measure[] = [
    {
      name: 'preferences',
      value: preferences.length,
      unit: 'pairs',
      better: 'higher',
      note: `${dropped.length} of ${pairs.length} dropped`,
    },
    ...(agreeing === undefined ? [] : [{ name: 'agreement', value: agreeing, better: 'higher' as const, note }]),
    ...(alpha === undefined ? [] : [{ name: 'krippendorff-alpha', value: alpha, better: 'higher' as const, note }]),
  ];
  return { preferences, dropped, measures };
};

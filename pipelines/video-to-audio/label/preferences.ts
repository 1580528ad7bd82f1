import { z } from 'zod';
import type { Builder, Mapped, Quarantined, Ref } from '../../../engine/define/pipeline.ts';
import { type JsonPort, json } from '../../../engine/define/ports.ts';
import type { Preference } from '../../../models/preference/decide.ts';
import { type Judgment, metricNames } from '../../../models/preference/judge.ts';
import type { Shard } from '../tasks.ts';
import { decidePairs, judgePairs, pairClips } from './tasks.ts';

const name = z.string().min(1);
/** How preferences are made, as settings of a pipeline. */
export const preferenceSettings = z.strictObject({
  judge: z.enum(['manifest', ...metricNames, 'people']).describe('who says which of a pair is better'),
  versions: z
    .strictObject({ a: name, b: name, original: name.exactOptional() })
    .describe('pianists whose clips are compared; the manifest prefers a; metrics compare with the original'),
  margin: z.number().min(0).describe('difference of a metric that still counts as a tie'),
  votesPerPair: z.int().min(1).describe('judgments that a pair needs when people judge'),
});

/** The nodes `pairs`, `judgments` (a gate, if people judge) and `preferences`. */
export function wirePreferences(
  { node, gate }: Pick<Builder, 'node' | 'gate'>,
  inputs: {
    readonly shards: Ref<JsonPort<readonly Shard[]>>;
    readonly media: Ref<JsonPort<readonly Mapped[]>>;
    readonly quarantined: Ref<JsonPort<readonly Quarantined[]>>;
  },
  { judge, versions, margin, votesPerPair }: z.infer<typeof preferenceSettings>,
): Ref<JsonPort<readonly Preference[]>> {
  const { pairs } = node('pairs', pairClips, { inputs, params: { versions } });
  const judgments =
    judge === 'people'
      ? gate('judgments', 'Which of the two sounds better?', [pairs], { answer: json<readonly Judgment[]>(), params: { votesPerPair } })
          .answer
      : node('judgments', judgePairs, { inputs: { pairs }, params: { judge, margin } }).judgments;
  const params = { votesPerPair: judge === 'people' ? votesPerPair : 1 };
  return node('preferences', decidePairs, { inputs: { pairs, judgments }, params }).preferences;
}

import type { Mapped, Quarantined } from '../../../engine/define/pipeline.ts';
import { json, type } from '../../../engine/define/ports.ts';
import { defineTask } from '../../../engine/define/task.ts';
import type { Preference } from '../../../models/preference/decide.ts';
import type { Judgment, MetricName } from '../../../models/preference/judge.ts';
import type { Dropped, PreferencePair, VersionNames } from '../../../models/preference/pair.ts';
import type { Measure } from '../../measure.ts';
import type { Shard } from '../tasks.ts';

const code = (path: string, name: string) => ({ url: new URL(path, import.meta.url).href, export: name });

/** Matches clips of one piece by two pianists, each with its sound as a file that can be heard. */
export const pairClips = defineTask({
  name: 'pairClips',
  inputs: { shards: json<readonly Shard[]>(), media: json<readonly Mapped[]>(), quarantined: json<readonly Quarantined[]>() },
  outputs: { pairs: json<readonly PreferencePair[]>(), dropped: json<readonly Dropped[]>() },
  params: type<{ versions: VersionNames }>(),
  queue: 'cpu',
  implementation: code('./pair-clips.ts', 'pairClips'),
});

/** Judges every pair by its manifest or by a metric; people are asked by a gate. */
export const judgePairs = defineTask({
  name: 'judgePairs',
  inputs: { pairs: json<readonly PreferencePair[]>() },
  outputs: { judgments: json<readonly Judgment[]>() },
  params: type<{ judge: 'manifest' | MetricName; margin: number }>(),
  queue: 'cpu',
  runs: 'process',
  implementation: code('./judge-pairs.ts', 'judgePairs'),
});

/** Judgments become preferences by a majority of votes; what was dropped says why, and how far the judges agree is measured. */
export const decidePairs = defineTask({
  name: 'decidePairs',
  inputs: { pairs: json<readonly PreferencePair[]>(), judgments: json<readonly Judgment[]>() },
  outputs: { preferences: json<readonly Preference[]>(), dropped: json<readonly Dropped[]>(), measures: json<readonly Measure[]>() },
  params: type<{ votesPerPair: number }>(),
  runs: 'local',
  implementation: code('./decide-pairs.ts', 'decidePairs'),
});

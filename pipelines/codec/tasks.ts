import { json, tree, type } from '../../engine/define/ports.ts';
import { defineTask } from '../../engine/define/task.ts';
import type { Measure } from '../measure.ts';
import type { Settings } from './settings.ts';

const code = (path: string, name: string) => ({ url: new URL(path, import.meta.url).href, export: name });

/** Trains the codec on sounds that are rendered in memory. */
export const trainCodec = defineTask({
  name: 'trainCodec',
  inputs: {},
  outputs: { codec: tree('codec') },
  params: type<{
    data: Omit<Settings['data'], 'unseen'>;
    network: Settings['network'];
    recipe: Omit<Settings['recipe'], 'checkpointEvery'>;
  }>(),
  queue: 'train',
  runs: 'process',
  timeout: '30 days',
  implementation: code('./train-codec.ts', 'trainCodec'),
});

/** What the codec makes of sounds it has not seen. */
export const evaluateCodec = defineTask({
  name: 'evaluateCodec',
  inputs: { codec: tree('codec') },
  outputs: { measures: json<readonly Measure[]>(), exhibits: tree('exhibits') },
  params: type<{ seed: number; unseen: number }>(),
  queue: 'cpu',
  runs: 'process',
  implementation: code('./evaluate-codec.ts', 'evaluateCodec'),
});

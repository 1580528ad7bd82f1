import type { Kind } from './kind.ts';
import { blocks } from './kinds/blocks.ts';
import { clap } from './kinds/clap.ts';
import { clip } from './kinds/clip.ts';
import { encodec } from './kinds/encodec.ts';
import { factorCl } from './kinds/factor-cl.ts';
import { frameMaps } from './kinds/frame-maps.ts';
import { media } from './kinds/media.ts';
import { soundMetrics } from './kinds/metrics.ts';
import { midi } from './kinds/midi.ts';
import { networks } from './kinds/network.ts';
import { objectives } from './kinds/objectives.ts';
import { parameterCounts } from './kinds/parameter-counts.ts';
import { rollPredictors } from './kinds/roll-predictor.ts';
import { safetensors } from './kinds/safetensors.ts';
import { scoring } from './kinds/scoring.ts';
import { setMetrics } from './kinds/set-metrics.ts';
import { t5 } from './kinds/t5.ts';
import { tables } from './kinds/tables.ts';
import { trainings } from './kinds/training.ts';

/** Every kind that a test knows. */
export const kinds: readonly Kind[] = [
  ...blocks,
  ...networks,
  ...trainings,
  parameterCounts,
  ...rollPredictors,
  ...objectives,
  ...factorCl,
  frameMaps,
  ...soundMetrics,
  ...setMetrics,
  ...scoring,
  encodec,
  clap,
  ...clip,
  t5,
  media,
  midi,
  safetensors,
  tables,
];

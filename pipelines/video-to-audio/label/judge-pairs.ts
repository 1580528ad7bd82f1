import { readFile } from 'node:fs/promises';
import { readWav } from '../../../datasets/media/wav.ts';
import type { Run, TaskContext } from '../../../engine/define/task.ts';
import { type Judgment, judgeByManifest, judgeByMetric } from '../../../models/preference/judge.ts';
import type { ClipRef } from '../../../models/preference/pair.ts';
import type { judgePairs as declaration } from './tasks.ts';

/** A pair without an original gets no judgment from a metric. */
export const judgePairs: Run<typeof declaration> = async ({ inputs: { pairs }, params: { judge, margin }, context }) => {
  if (judge === 'manifest') return { judgments: judgeByManifest(pairs) };
  const judgments: Judgment[] = [];
  for (const [index, { id, a, b, original }] of pairs.entries()) {
    context.signal.throwIfAborted();
    if (original !== undefined) {
      const sounds = { a: await samplesOf(context, a), b: await samplesOf(context, b), original: await samplesOf(context, original) };
      judgments.push({ pair: id, judge, choice: judgeByMetric(judge, sounds, margin) });
    }
    context.progress({ step: index + 1, of: pairs.length });
  }
  return { judgments };
};

async function samplesOf(context: TaskContext, { id, sound }: ClipRef): Promise<Float32Array> {
  return readWav(await readFile((await context.openFile(sound)).path), id).samples;
}

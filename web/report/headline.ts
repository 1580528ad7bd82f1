import type { FinishedRun } from './finished-run.ts';
import type { ReportedMeasure } from './model.ts';
import { counted, duration, quantity } from './words.ts';

/** One sentence about a run: how it ended, what it took, and its first measure. */
export function headline(run: FinishedRun, measures: readonly ReportedMeasure[]): string {
  const done = run.nodes.filter((node) => node.status === 'done');
  const reused = done.filter((node) => node.cache === 'hit').length;
  const took = duration(run.seconds);
  if (run.status === 'done') {
    const work =
      reused === done.length && done.length > 0
        ? `nothing had to run: all ${counted(reused, 'result')} reused`
        : `${counted(done.length - reused, 'node')} ran${reused > 0 ? `, ${reused} reused` : ''}`;
    const [first] = measures;
    return `${run.pipeline} finished in ${took}: ${work}${first === undefined ? '' : `; ${first.name} ${quantity(first.value)}${first.unit === undefined ? '' : ` ${first.unit}`}`}.`;
  }
  const failed = run.nodes.filter((node) => node.status === 'failed');
  const state = `${done.length} of ${counted(run.nodes.length, 'node')} done`;
  if (run.status === 'failed')
    return `${run.pipeline} failed after ${took}${failed.length > 0 ? ` in ${failed.map((node) => node.id).join(', ')}` : ''}; ${state}.`;
  return `${run.pipeline} was ${run.status} after ${took}; ${state}.`;
}

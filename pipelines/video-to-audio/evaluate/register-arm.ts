import type { GateDecision } from '../../../engine/define/pipeline.ts';
import type { Run } from '../../../engine/define/task.ts';
import { type Registration, registerModel } from '../../register/register.ts';
import { MEASURED } from './measured.ts';
import type { approvedArm as approvedDeclaration, registerArm as declaration } from './tasks.ts';

type Arguments = Parameters<Run<typeof declaration>>[0];

export const registerArm: Run<typeof declaration> = async (run) => ({ registration: await register(run) });

export const approvedArm: Run<typeof approvedDeclaration> = async (run) => ({ registration: await register(run, run.inputs.decision) });

function register(
  { inputs, params, context }: Pick<Arguments, 'inputs' | 'params' | 'context'>,
  decision?: GateDecision,
): Promise<Registration> {
  const { model, references, evaluation } = inputs;
  const { name, set, measure, ...rule } = params;
  const scored = evaluation.clips.flatMap((clip) => {
    const score = clip.scores[measure];
    return clip.set === set && score !== undefined ? [[clip.id, score] as const] : [];
  });
  const scores = {
    // The clips, and what they are compared with.
    protocol: references.artifact.digest,
    measure: `${set}: ${measure}`,
    better: MEASURED[measure].better,
    clips: Object.fromEntries(scored),
  };
  return registerModel(context.home, name, model.artifact, scores, rule, decision);
}

import { z } from 'zod';
import type { Artifact } from '../../engine/define/ports.ts';
import type { PlannedNode } from '../../engine/plan/plan.ts';
import { SostenutoError } from '../../errors/problem.ts';
import type { PreferencePair } from '../../models/preference/pair.ts';
import { inputsOf } from '../cache.ts';
import { runName } from '../rows.ts';
import { type ReadProgress, readProgress } from './read-progress.ts';
import type { RunClient } from './run-client.ts';

/** A gate that waits for judgments about pairs. */
export interface LabelGate {
  readonly workflowId: string;
  /** The run's name in the ledger. */
  readonly run: string;
  readonly node: string;
  readonly question: string;
  readonly votesPerPair: number;
  readonly pairs: readonly PreferencePair[];
}

const content = z.looseObject({ form: z.literal('file'), digest: z.string(), bytes: z.number() });
const clip = z.looseObject({ id: z.string(), sound: content });
/** What distinguishes pairs from any other list that a gate may be about. */
const pairList = z.array(z.looseObject({ id: z.string(), condition: z.string(), a: clip, b: clip })).min(1);
const votes = z.looseObject({ votesPerPair: z.int().min(1).default(1) });

/**
 * Finds the gate of a run that waits for judgments; `node` names it when there are several.
 * @throws SostenutoError `NOTHING_TO_LABEL` if none waits, or none of that name.
 */
export async function findLabelGate(runs: Pick<RunClient, 'client' | 'store'>, workflowId: string, node?: string): Promise<LabelGate> {
  const read = await readProgress(runs, workflowId);
  const gates: LabelGate[] = [];
  for (const { planned, about } of waitingGates(read)) {
    for (const artifact of about) {
      const pairs = artifact.form === 'json' ? await runs.store.readJson<unknown>(artifact) : undefined;
      if (!pairList.safeParse(pairs).success) continue;
      const { votesPerPair } = votes.parse(planned.params);
      const run = runName({ workflowId, runId: read.progress.runId });
      const question = planned.question ?? '';
      gates.push({ workflowId, run, node: planned.id, question, votesPerPair, pairs: pairs as readonly PreferencePair[] });
    }
  }
  const [found, ...others] = node === undefined ? gates : gates.filter((gate) => gate.node === node);
  if (found !== undefined && others.length === 0) return found;
  throw new SostenutoError({
    code: 'NOTHING_TO_LABEL',
    what: found === undefined ? 'No gate of this run waits for judgments.' : 'Several gates of this run wait for judgments.',
    where: workflowId,
    ...(node === undefined ? {} : { found: node }),
    expected:
      gates.length === 0
        ? 'a gate about a list of pairs, once its inputs are made'
        : `--node ${gates.map((gate) => gate.node).join(' or ')}`,
  });
}

/** Gates that wait for an answer, with what they are about. */
function waitingGates({ progress, position }: ReadProgress): { planned: PlannedNode; about: Artifact[] }[] {
  if (position === undefined) return [];
  const { plan, state } = position;
  const waiting = new Set(progress.nodes.flatMap(({ id, status }) => (status === 'waiting' ? [id] : [])));
  return plan.nodes
    .filter(({ id, outputs }) => waiting.has(id) && outputs['answer'] === 'json')
    .map((planned) => ({ planned, about: Object.values(inputsOf(planned, (id) => state.nodes[id]?.outputs)?.inputs ?? {}) }));
}

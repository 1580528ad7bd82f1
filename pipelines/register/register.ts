import type { GateDecision } from '../../engine/define/pipeline.ts';
import type { Artifact } from '../../engine/define/ports.ts';
import { openLedger } from '../../engine/ledger/ledger.ts';
import { openRegistry, type Registered, type Verdict } from '../../engine/registry/registry.ts';
import { openStore } from '../../engine/store/store.ts';
import { meanOf } from '../../numeric/statistics.ts';
import { judgeCandidate, type Rule, type Scores } from './rule.ts';

/** What a node that registers says. */
export interface Registration extends Registered {
  readonly name: string;
  readonly model: Artifact;
}

/**
 * Puts a model with its scores into the registry of a home. A person's decision, where there is one, takes the place of the rule.
 * @throws SostenutoError `BAD_ALIAS` for a name that cannot be used
 */
export async function registerModel(
  home: string,
  name: string,
  model: Artifact,
  scores: Scores,
  rule: Rule,
  decision?: GateDecision,
): Promise<Registration> {
  const [store, ledger] = [await openStore(home), openLedger(home)];
  try {
    const judge = async (champion: { scores?: Artifact } | undefined): Promise<Verdict> => {
      if (decision !== undefined)
        return { promote: decision.approved, by: decision.by, reason: decision.note || (decision.approved ? 'approved' : 'refused') };
      const its = champion?.scores === undefined ? undefined : await store.readJson<Scores>(champion.scores);
      // A champion that somebody chose without scores is theirs to replace.
      if (champion !== undefined && its === undefined) return { promote: false, by: 'rule', reason: 'The champion has no scores.' };
      const { promote, reason } = judgeCandidate(scores, its, rule);
      return { promote, by: 'rule', reason };
    };
    const values = Object.values(scores.clips);
    const entry = { artifact: model, scores: await store.putJson(scores), measure: scores.measure };
    const registered = await openRegistry(ledger).register(name, values.length === 0 ? entry : { ...entry, value: meanOf(values) }, judge);
    return { name, model, ...registered };
  } finally {
    await ledger.close();
  }
}

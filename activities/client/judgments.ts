import { sha256 } from '../../engine/keys/keys.ts';
import type { JudgmentRow, Ledger } from '../../engine/ledger/ledger.ts';
import { judgmentsByPair } from '../../models/preference/decide.ts';
import { choices, type Judgment } from '../../models/preference/judge.ts';
import { sendUpdate } from './control-run.ts';
import type { LabelGate } from './label-gate.ts';
import type { RunClient } from './run-client.ts';

/** A person's judgment; who judges a pair again replaces what they said before. */
export interface PersonalJudgment extends Judgment {
  readonly at: string;
  /** Time from the question to the answer. */
  readonly seconds?: number;
}

/** Appends judgments to the ledger; they are on disk when this resolves. */
export async function keepJudgments(
  ledger: Ledger,
  { run, node, question }: LabelGate,
  judgments: readonly PersonalJudgment[],
): Promise<void> {
  ledger.append(
    'judgments',
    judgments.map(({ pair, judge, choice, at, seconds }): JudgmentRow => {
      const id = sha256(JSON.stringify([question, pair, judge])).slice(0, 32);
      return { id, run, node, item: pair, question, answer: choice, judge, at, ...(seconds === undefined ? {} : { seconds }) };
    }),
  );
  await ledger.flush();
}

/** Everything that was ever said about a gate's pairs under its question, in whichever run: a pair's id stands for its content. */
export async function judgmentsAt(ledger: Ledger, { question, pairs }: LabelGate): Promise<Judgment[]> {
  const rows = await ledger.query('SELECT item, judge, answer, "at" FROM judgments WHERE question = $1 ORDER BY item, judge', [question]);
  const said = rows.flatMap(({ item, judge, answer, at }): Judgment[] => {
    const choice = choices.find((known) => known === answer);
    return choice === undefined ? [] : [{ pair: String(item), judge: String(judge), choice, ...(typeof at === 'string' ? { at } : {}) }];
  });
  return [...judgmentsByPair(pairs, said).values()].flat();
}

/** Approves a gate with its judgments, which go into the run as a reference to the store. Returns the run's words. */
export async function approveJudgments(
  { client, store }: Pick<RunClient, 'client' | 'store'>,
  { workflowId, node }: LabelGate,
  judgments: readonly Judgment[],
  by: string,
): Promise<string> {
  const judges = new Set(judgments.map(({ judge }) => judge)).size;
  const note = `${judgments.length} judgments by ${judges} ${judges === 1 ? 'judge' : 'judges'}`;
  return sendUpdate(client, workflowId, 'approve', { node, approved: true, by, note, answer: await store.putJson(judgments) });
}

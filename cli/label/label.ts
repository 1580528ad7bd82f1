import { approveJudgments, judgmentsAt, keepJudgments } from '../../activities/client/judgments.ts';
import { findLabelGate, type LabelGate } from '../../activities/client/label-gate.ts';
import { agreementOf } from '../../models/preference/agreement.ts';
import { judgmentsByPair, undecided, votesOf } from '../../models/preference/decide.ts';
import type { Judgment } from '../../models/preference/judge.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { printJson, say } from '../output.ts';
import type { Session } from '../session/session.ts';
import { atRun, requireWorker } from '../session/steer.ts';
import { askPairs, nextOf } from './ask.ts';
import { blindOrder } from './blind-order.ts';
import { readJudgmentsCsv } from './judgments-csv.ts';
import { keysOf } from './keys.ts';
import { type Locate, listenFolder } from './listen-folder.ts';

export interface LabelOptions {
  readonly node?: string;
  readonly judge: string;
  readonly csv?: string;
  readonly approve?: boolean;
  readonly json?: boolean;
}

/** Takes in judgments, from a table or from a person, and approves the gate when every pair has enough of them. */
export const label = (workflowId: string, options: LabelOptions): Promise<ExitCode> =>
  atRun(workflowId, async (session) => {
    await requireWorker(session);
    const gate = await findLabelGate(session, workflowId, options.node);
    const locate = listenFolder(session.config.home, session.store);
    const keys = keysOf(process.stdin);
    const added =
      options.csv === undefined ? await askPerson(session, gate, options.judge, keys, locate) : await takeTable(session, gate, options.csv);
    const judgments = await judgmentsAt(session.ledger, gate);
    const missing = undecided(gate.pairs, judgments, gate.votesPerPair).length;
    const enough = missing === 0 ? 'every pair has enough' : `${missing} of ${gate.pairs.length} pairs lack some`;
    say(`${added} judgments added; ${enough} (${gate.votesPerPair} a pair).`);
    const approved = missing === 0 && (await isWanted(options, keys));
    say(approved ? await approveJudgments(session, gate, judgments, options.judge) : `"${gate.node}" still waits; every answer is kept.`);
    if (options.json) {
      const { node, question } = gate;
      printJson({ workflowId, node, question, added, missing, approved, ...(await summarise(gate, judgments, locate)) });
    }
    return approved ? exitCodes.done : exitCodes.waiting;
  });

async function askPerson(session: Session, gate: LabelGate, judge: string, keys: AsyncIterator<string>, locate: Locate): Promise<number> {
  const before = await judgmentsAt(session.ledger, gate);
  const judged = new Set(before.filter((one) => one.judge === judge).map(({ pair }) => pair));
  const open = blindOrder(gate.pairs, judge).filter(({ pair }) => !judged.has(pair.id));
  if (judged.size > 0) say(`${judge} has judged ${judged.size} of ${gate.pairs.length} pairs before.`);
  const { question } = gate;
  return askPairs(open, { question, judge, keys, locate, keep: (judgment) => keepJudgments(session.ledger, gate, [judgment]) });
}

/** All of the table or, if anything is wrong with it, nothing. */
async function takeTable(session: Session, gate: LabelGate, path: string): Promise<number> {
  const at = new Date().toISOString();
  const judgments = readJudgmentsCsv(path, gate.pairs).map((judgment) => ({ ...judgment, at }));
  await keepJudgments(session.ledger, gate, judgments);
  return judgments.length;
}

/** A script that brings a table is not asked. */
async function isWanted({ approve, csv }: LabelOptions, keys: AsyncIterator<string>): Promise<boolean> {
  if (approve) return true;
  if (csv !== undefined && !process.stdin.isTTY) return false;
  say('Approve the gate with these judgments? (y, n)');
  return (await nextOf(keys, ['y', 'n'])) === 'y';
}

/** Votes of every pair, and how far the judges agree. */
async function summarise(gate: LabelGate, judgments: readonly Judgment[], locate: Locate) {
  const byPair = judgmentsByPair(gate.pairs, judgments);
  const pairs = gate.pairs.map(async ({ id, condition, a, b }) => {
    const votes = votesOf(byPair.get(id) ?? []);
    return { pair: id, condition, a: await locate(a), b: await locate(b), votes };
  });
  return {
    pairs: await Promise.all(pairs),
    agreement: agreementOf([...byPair.values()].map((given) => given.map(({ choice }) => choice))),
  };
}

import type { PersonalJudgment } from '../../activities/client/judgments.ts';
import { say } from '../output.ts';
import type { BlindPair } from './blind-order.ts';
import type { Locate } from './listen-folder.ts';

export interface Asking {
  readonly question: string;
  readonly judge: string;
  readonly keys: AsyncIterator<string>;
  readonly locate: Locate;
  /** Called with every answer before the next question is asked. */
  readonly keep: (judgment: PersonalJudgment) => Promise<void>;
}

/** Asks about pairs one after the other, without saying which side is which. Returns how many were answered. */
export async function askPairs(pairs: readonly BlindPair[], { question, judge, keys, locate, keep }: Asking): Promise<number> {
  if (pairs.length > 0) say(`${question}  1 or 2: that one, t: neither, s: skip, q: quit. Every answer is kept at once.`);
  let answered = 0;
  for (const [index, { pair, sides }] of pairs.entries()) {
    say(`\n${index + 1} of ${pairs.length}  ${pair.condition}`);
    for (const [place, side] of sides.entries()) say(`  ${place + 1}  ${await locate(pair[side])}`);
    const asked = Date.now();
    const key = await nextOf(keys, ['1', '2', 't', 's', 'q']);
    if (key === undefined || key === 'q') break;
    if (key === 's') continue;
    const choice = key === 't' ? 'tie' : sides[key === '1' ? 0 : 1];
    const now = Date.now();
    await keep({ pair: pair.id, judge, choice, at: new Date(now).toISOString(), seconds: (now - asked) / 1000 });
    answered++;
  }
  return answered;
}

/** The next key that is one of those allowed; undefined at the end of the input. */
export async function nextOf(keys: AsyncIterator<string>, allowed: readonly string[]): Promise<string | undefined> {
  for (;;) {
    const { value, done } = await keys.next();
    if (done) return undefined;
    const key = value.toLowerCase();
    say(allowed.includes(key) ? `> ${key}` : `> ${JSON.stringify(value)} is none of ${allowed.join(', ')}`);
    if (allowed.includes(key)) return key;
  }
}

import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { PersonalJudgment } from '../../../activities/client/judgments.ts';
import { askPairs, nextOf } from '../../../cli/label/ask.ts';
import { blindOrder } from '../../../cli/label/blind-order.ts';
import { keysOf } from '../../../cli/label/keys.ts';
import type { PreferencePair } from '../../../models/preference/pair.ts';

const clip = (id: string) => ({ id, sound: { form: 'file', digest: id, bytes: 1 } }) as const;
const pairs = Array.from(
  { length: 40 },
  (_, n): PreferencePair => ({ id: `p${n}`, condition: 'minuet', split: 'train', a: clip(`a${n}`), b: clip(`b${n}`), rollsDiffer: true }),
);
/** Keys from a pipe, in the chunks in which they came. */
const typed = (...chunks: string[]) => keysOf(Readable.from(chunks.map((chunk) => Buffer.from(chunk))) as NodeJS.ReadStream);

describe('the order in which a judge meets pairs and sides', () => {
  const order = (judge: string, of = pairs) => blindOrder(of, judge).map(({ pair, sides }) => `${pair.id} ${sides.join('')}`);

  test('is the same whenever the judge comes back, also when pairs were added', () => {
    expect(order('ada')).toEqual(order('ada', pairs.toReversed()));
    expect(order('ada').filter((line) => order('ada', pairs.slice(0, 9)).includes(line))).toEqual(order('ada', pairs.slice(0, 9)));
  });

  test('is another for another judge, and tells nothing about the sides', () => {
    expect(order('bob')).not.toEqual(order('ada'));
    const first = blindOrder(pairs, 'ada').filter(({ sides }) => sides[0] === 'a').length;
    expect(first).toBeGreaterThan(10);
    expect(first).toBeLessThan(30);
  });
});

describe('asking', () => {
  let printed = '';
  beforeEach(() => {
    printed = '';
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
  });
  afterEach(() => vi.restoreAllMocks());

  const [first, second, third] = pairs.map((pair) => ({ pair, sides: ['b', 'a'] as const }));
  async function ask(...chunks: string[]): Promise<{ answered: number; kept: string[] }> {
    const kept: string[] = [];
    const keep = async ({ pair, choice, judge, at }: PersonalJudgment) => {
      expect(new Date(at).toISOString()).toBe(at);
      kept.push(`${judge}: ${pair} ${choice}`);
    };
    const asked = [first, second, third].filter((it) => it !== undefined);
    const locate = async ({ id }: { id: string }) => `/listen/${id}.wav`;
    return { answered: await askPairs(asked, { question: 'Which?', judge: 'ada', keys: typed(...chunks), locate, keep }), kept };
  }

  test('offers both sounds and keeps what was answered, in terms of the sides behind the numbers', async () => {
    expect(await ask('1\n2', '\nt\n')).toEqual({ answered: 3, kept: ['ada: p0 b', 'ada: p1 a', 'ada: p2 tie'] });
    expect(printed).toContain('1 of 3  minuet\n  1  /listen/b0.wav\n  2  /listen/a0.wav\n');
  });

  test('a skipped pair has no answer; after q, or the end of the input, what was answered stays', async () => {
    expect(await ask('s1q2')).toEqual({ answered: 1, kept: ['ada: p1 b'] });
    expect(await ask('2')).toEqual({ answered: 1, kept: ['ada: p0 a'] });
    expect(await ask('2\u00031')).toEqual({ answered: 1, kept: ['ada: p0 a'] });
  });

  test('another key is told which there are, and the question stands', async () => {
    expect((await ask('x3T')).kept).toEqual(['ada: p0 tie']);
    expect(printed).toContain('"x" is none of 1, 2, t, s, q');
  });

  test('a yes is taken from the same input, after the answers', async () => {
    expect(await nextOf(typed('j', 'Y'), ['y', 'n'])).toBe('y');
  });
});

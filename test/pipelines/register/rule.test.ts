import { expect, test } from 'vitest';
import { openLedger } from '../../../engine/ledger/ledger.ts';
import { openRegistry } from '../../../engine/registry/registry.ts';
import { registerModel } from '../../../pipelines/register/register.ts';
import { judgeCandidate, type Scores } from '../../../pipelines/register/rule.ts';
import { temporaryFolder } from '../../engine/support/folders.ts';

const rule = { margin: 0, resamples: 500, seed: 1 };
const scores = (values: readonly number[], more: Partial<Scores> = {}): Scores => ({
  protocol: 'the test set',
  measure: 'piano: midi-f1',
  better: 'higher',
  clips: Object.fromEntries(values.map((value, i) => [`clip-${i}`, value])),
  ...more,
});
const champion = scores([0.5, 0.6, 0.4, 0.7, 0.55, 0.45]);
const shifted = (by: readonly number[]) => scores(Object.values(champion.clips).map((value, i) => value + (by[i] ?? 0)));

test('the first model with scores is the champion; one without is not', () => {
  expect(judgeCandidate(champion, undefined, rule).promote).toBe(true);
  expect(judgeCandidate(scores([]), undefined, rule)).toMatchObject({ promote: false, reason: expect.stringMatching(/No clip/) });
});

test('a gain on every clip is enough, one on some clips is not', () => {
  expect(judgeCandidate(shifted([0.1, 0.12, 0.09, 0.1, 0.11, 0.1]), champion, rule).promote).toBe(true);
  const mixed = judgeCandidate(shifted([0.3, -0.2, 0.3, -0.2, 0.2, -0.2]), champion, rule);
  expect(mixed.gain?.mean).toBeGreaterThan(0);
  expect(mixed.promote).toBe(false);
});

test('the lower end of the interval has to be above the margin', () => {
  const better = shifted([0.1, 0.12, 0.09, 0.1, 0.11, 0.1]);
  expect(judgeCandidate(better, champion, { ...rule, margin: 0.08 }).promote).toBe(true);
  expect(judgeCandidate(better, champion, { ...rule, margin: 0.1 }).promote).toBe(false);
});

test('where lower is better, less is a gain', () => {
  const [more, less] = [scores([2, 2.1, 2.2], { better: 'lower' }), scores([1, 1.1, 1.2], { better: 'lower' })];
  expect(judgeCandidate(less, more, rule).promote).toBe(true);
  expect(judgeCandidate(more, less, rule).promote).toBe(false);
});

test('the same model again gains nothing', () => expect(judgeCandidate(champion, champion, rule).promote).toBe(false));

test.each([{ protocol: 'another test set' }, { measure: 'piano: log-mel-distance' }, { better: 'lower' as const }])(
  'figures that were taken otherwise are not compared: %j',
  (other) => {
    const better = scores([0.9, 0.9, 0.9], other);
    expect(judgeCandidate(better, champion, rule)).toMatchObject({
      promote: false,
      reason: expect.stringMatching(/a person has to decide/),
    });
  },
);

test('a person’s decision takes the place of the rule, in both directions', async () => {
  const home = temporaryFolder();
  const register = (digit: string, own: Scores, approved?: boolean) =>
    registerModel(
      home,
      'm',
      { form: 'tree', digest: digit.repeat(64), bytes: 1 },
      own,
      rule,
      approved === undefined ? undefined : { approved, by: 'ann', note: '' },
    );
  expect(await register('a', champion)).toMatchObject({ version: 1, promote: true, by: 'rule' });
  expect(await register('b', shifted([-0.1]), true)).toMatchObject({ version: 2, promote: true, by: 'ann', reason: 'approved' });
  expect(await register('c', shifted([0.5, 0.5, 0.5, 0.5, 0.5, 0.5]), false)).toMatchObject({ promote: false, reason: 'refused' });
  expect(await register('d', shifted([0.4, 0.4, 0.4, 0.4, 0.4, 0.4]))).toMatchObject({ version: 4, promote: true, by: 'rule' });
  expect(await openRegistry(openLedger(home)).find('m', 'champion')).toMatchObject({ version: 4, measure: 'piano: midi-f1' });
});

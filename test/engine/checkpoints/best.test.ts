import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { listCheckpoints, openCheckpoints } from '../../../engine/checkpoints/checkpoints.ts';
import { sha256 } from '../../../engine/keys/keys.ts';
import { openStore } from '../../../engine/store/store.ts';
import { temporaryFolder } from '../support/folders.ts';

const trajectory = sha256('a training');

async function scoring(keep: number) {
  const store = await openStore(temporaryFolder());
  const checkpoints = openCheckpoints(store, trajectory, { keep });
  const save = (step: number, score?: number) =>
    checkpoints.save(step, {}, async (directory) => writeFileSync(join(directory, 'weights.bin'), `weights at ${step}`), score);
  const steps = async () => (await listCheckpoints(store, trajectory)).map(({ step }) => step);
  return { store, checkpoints, save, steps };
}

describe('the best checkpoint', () => {
  test('stays when it is not among the last ones any more, and only as long as it is the best', async () => {
    const { checkpoints, save, steps } = await scoring(2);
    for (const [step, score] of [
      [1, -0.5],
      [2, -0.1],
      [3, -0.4],
      [4, -0.3],
    ] as const)
      await save(step, score);
    expect(await steps()).toEqual([4, 3, 2]);
    expect(await checkpoints.best()).toMatchObject({ step: 2, score: -0.1 });
    expect((await checkpoints.latest())?.step).toBe(4);
    await save(5, 0);
    expect(await steps()).toEqual([5, 4]);
  });
  test('is none where nothing has a score, or none that can be compared', async () => {
    const { checkpoints, save, steps } = await scoring(1);
    await save(1);
    await save(2, Number.NaN);
    await save(3, Number.POSITIVE_INFINITY);
    expect(await checkpoints.best()).toBeUndefined();
    expect(await steps()).toEqual([3]);
  });
  test('beyond the own end belongs to another training', async () => {
    const { checkpoints, save } = await scoring(2);
    await save(10, 1);
    await save(20, 2);
    expect((await checkpoints.best({ notAfter: 15 }))?.step).toBe(10);
  });
  test('that is damaged gives way to the next best', async () => {
    const { store, checkpoints, save } = await scoring(3);
    for (const step of [1, 2, 3]) await save(step, -step);
    for (const { step, directory } of await listCheckpoints(store, trajectory)) if (step === 1) rmSync(join(directory, 'weights.bin'));
    expect((await checkpoints.best())?.step).toBe(2);
  });
});

test('whatever the scores, exactly the last ones and the best one are kept', async () => {
  const scores = fc.array(fc.option(fc.integer({ min: -3, max: 3 }), { nil: undefined }), { minLength: 1, maxLength: 7 });
  await fc.assert(
    fc.asyncProperty(scores, fc.integer({ min: 1, max: 4 }), async (all, keep) => {
      const { checkpoints, save, steps } = await scoring(keep);
      let kept: number[] = [];
      for (const [step, score] of all.entries()) {
        await save(step, score);
        // What was removed before cannot come back, so the best is that of the ones that were still there.
        const there = [...kept, step];
        const highest = Math.max(...there.map((one) => all[one] ?? Number.NEGATIVE_INFINITY));
        const best = there.findLast((one) => all[one] === highest);
        kept = there.filter((one) => one === best || there.indexOf(one) >= there.length - keep);
        expect((await steps()).reverse()).toEqual(kept);
        expect((await checkpoints.best())?.step).toBe(best);
      }
    }),
    { numRuns: 25 },
  );
});

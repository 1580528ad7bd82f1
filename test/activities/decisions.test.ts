import { expect, test } from 'vitest';
import { draftOf, takeIn } from '../../activities/advance/news.ts';
import { emptyState } from '../../activities/state.ts';
import { openStore } from '../../engine/store/store.ts';
import { temporaryFolder } from '../engine/support/folders.ts';

const decided = { node: 'listen', decision: { approved: true, by: 'Ada', note: '' } };

test('what was said at a gate is kept with the state until the gate is looked at, also over a new execution', async () => {
  const store = await openStore(temporaryFolder());
  const draft = draftOf(emptyState);
  await takeIn({ store }, draft, [decided]);
  const stored = await store.putJson({ format: 1, ...draft });
  expect(draftOf(await store.readJson(stored)).decisions).toEqual({ listen: { decision: decided.decision } });
});

test('a gate that is asked again forgets it', async () => {
  const draft = draftOf(emptyState);
  await takeIn({ store: await openStore(temporaryFolder()) }, draft, [decided, { node: 'listen', retry: true }]);
  expect(draft.decisions).toEqual({});
});

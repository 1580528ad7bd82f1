import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Content, matchVersions, pairOf, type Version } from '../../../models/preference/pair.ts';

const clip = (id: string, condition = 'minuet', split = 'train'): Version => ({ id, condition, version: id.split('-')[0] ?? '', split });
const match = (clips: readonly Version[], original?: string) => {
  const { matches, dropped } = matchVersions(clips, { a: 'a', b: 'b', ...(original && { original }) });
  return {
    matches: matches.map(({ a, b, original: o }) => [a.id, b.id, ...(o ? [o.id] : [])].join(' ')),
    dropped: dropped.map(({ id }) => id),
  };
};

describe('two versions of the same condition', () => {
  test('are matched, whatever the order of the clips', () => {
    const clips = [clip('b-1'), clip('a-1'), clip('a-2', 'waltz'), clip('b-2', 'waltz'), clip('c-1')];
    expect(match(clips)).toEqual({ matches: ['a-1 b-1', 'a-2 b-2'], dropped: [] });
    expect(match(clips.toReversed())).toEqual(match(clips));
  });

  test('several takes are matched in their order, and what is left over says why', () => {
    const clips = [clip('a-1'), clip('a-2'), clip('a-3'), clip('b-7'), clip('b-8')];
    expect(match(clips)).toEqual({ matches: ['a-1 b-7', 'a-2 b-8'], dropped: ['a-3'] });
    expect(matchVersions(clips, { a: 'a', b: 'b' }).dropped).toEqual([
      { id: 'a-3', reason: 'no clip of "minuet" by "b" to compare it with' },
    ]);
  });

  test('never meet across splits', () => {
    expect(match([clip('a-1'), clip('b-1', 'minuet', 'test')])).toEqual({ matches: [], dropped: ['b-1', 'a-1'] });
  });

  test('take an original along, if there is one', () => {
    expect(match([clip('a-1'), clip('b-1'), clip('o-1'), clip('a-2', 'waltz'), clip('b-2', 'waltz')], 'o').matches).toEqual([
      'a-1 b-1 o-1',
      'a-2 b-2',
    ]);
  });

  test('every clip of both versions is in one match or dropped', () => {
    const anyClip = fc
      .tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(20), fc.constantFrom('minuet', 'waltz'), fc.constantFrom('train', 'test'))
      .map(([version, take, condition, split]) => clip(`${version}-${take}`, condition, split));
    fc.assert(
      fc.property(fc.uniqueArray(anyClip, { selector: ({ id }) => id }), (clips) => {
        const { matches, dropped } = matchVersions(clips, { a: 'a', b: 'b' });
        for (const { a, b } of matches) expect([a.version, b.version, a.condition, a.split]).toEqual(['a', 'b', b.condition, b.split]);
        const seen = [...matches.flatMap(({ a, b }) => [a.id, b.id]), ...dropped.map(({ id }) => id)];
        expect(seen.sort()).toEqual(
          clips
            .filter(({ version }) => version !== 'c')
            .map(({ id }) => id)
            .sort(),
        );
      }),
    );
  });
});

describe('a pair', () => {
  const content = (digest: string): Content => ({ form: 'file', digest, bytes: 1 });
  const a = { id: 'a', sound: content('1'), roll: content('2') };
  const b = { id: 'b', sound: content('3'), roll: content('2') };
  const paired = (change: Partial<typeof a>) => pairOf('minuet', 'train', { a: { ...a, ...change }, b });

  test('has a new name when a sound changes, and keeps it when only the roll does', () => {
    expect(paired({}).id).toMatch(/^[0-9a-f]{16}$/);
    expect(paired({ sound: content('4') }).id).not.toBe(paired({}).id);
    expect(paired({ roll: content('4') }).id).toBe(paired({}).id);
  });

  test('says when its two sounds play from different notes', () => {
    expect(paired({}).rollsDiffer).toBe(false);
    expect(paired({ roll: content('4') }).rollsDiffer).toBe(true);
    const { roll: _, ...without } = a;
    expect(pairOf('minuet', 'train', { a: without, b }).rollsDiffer).toBe(true);
  });
});

import { expect, test } from 'vitest';
import { recentlyRead } from '../../../datasets/features/recently-read.ts';

/** Values of ten bytes, and which of them had to be made. */
function kept(mostBytes: number) {
  const made: string[] = [];
  const recent = recentlyRead<{ key: string }>(mostBytes, () => 10);
  const ask = (keys: string) => {
    for (const key of keys) {
      const make = () => {
        made.push(key);
        return { key };
      };
      expect(recent(key, make).key).toBe(key);
    }
    return made.splice(0).join('');
  };
  return ask;
}

test('what fits is made once; of more, what was asked for longest ago is made again', () => {
  const ask = kept(30);
  expect(ask('abcabc')).toBe('abc');
  expect(ask('ad')).toBe('d');
  expect(ask('acd')).toBe('');
  expect(ask('b')).toBe('b');
  expect(ask('acd')).toBe('acd');
});

test('what is larger than everything is kept until the next', () => {
  const ask = kept(5);
  expect(ask('aabba')).toBe('aba');
});

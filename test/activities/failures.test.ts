import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { applicationFailure, errorData, fromData } from '../../activities/failures.ts';
import { SostenutoError } from '../../errors/problem.ts';

const failure = (error: unknown, attempt = 1): ApplicationFailure => {
  const made = applicationFailure(error, attempt);
  if (made instanceof ApplicationFailure) return made;
  throw made;
};
const system = (code: string): Error => Object.assign(new Error(`${code}: no space left`), { code });

describe('which failures are tried again', () => {
  test.each([
    ['a typed error that can pass', new SostenutoError({ code: 'BUSY', what: 'busy' }, { retryable: true }), 50, false],
    ['a typed error that can not', new SostenutoError({ code: 'BAD_DATA', what: 'bad' }), 1, true],
    ['a full disk', system('ENOSPC'), 50, false],
    ['a mistake in the code', new TypeError('x is undefined'), 1, true],
    ['something untyped, the first time', new Error('odd'), 1, false],
    ['something untyped, the third time', new Error('odd'), 3, true],
    ['something that is no error', 'text', 3, true],
  ])('%s', (_, error, attempt, isFinal) => {
    expect(failure(error, attempt).nonRetryable).toBe(isFinal);
  });

  test('the type in the UI is the code of the first problem', () => {
    expect(failure(new SostenutoError({ code: 'BAD_DATA', what: 'bad' })).type).toBe('BAD_DATA');
  });

  test('an error keeps its problems and its verdict across a process', () => {
    const error = new SostenutoError({ code: 'BAD_DATA', what: 'bad', where: 'file', found: '1', expected: '2' });
    expect(fromData(JSON.parse(JSON.stringify(errorData(error))))).toEqual(error);
    const untyped = fromData(JSON.parse(JSON.stringify(errorData(new Error('odd')))));
    expect(errorData(untyped).retryable).toBeUndefined();
  });

  test('a long message fits into a payload', () => {
    expect(
      JSON.stringify(failure(new Error('x'.repeat(100_000))).details).length + failure(new Error('x'.repeat(100_000))).message.length,
    ).toBeLessThan(10_000);
  });
});

import { ApplicationFailure } from '@temporalio/workflow';
import type { GroupOutcome } from '../activities/messages.ts';

export const emptyGroup: GroupOutcome = { ran: 0, hits: 0, quarantined: 0, quarantine: [], seconds: 0, attempts: 1 };

/** Outcomes of groups add up; of the attempts, the most count. */
export function addGroup(a: GroupOutcome, b: GroupOutcome): GroupOutcome {
  const first = a.first ?? b.first;
  return {
    ran: a.ran + b.ran,
    hits: a.hits + b.hits,
    quarantined: a.quarantined + b.quarantined,
    quarantine: [...a.quarantine, ...b.quarantine],
    ...(first === undefined ? {} : { first }),
    seconds: a.seconds + b.seconds,
    attempts: Math.max(a.attempts, b.attempts),
  };
}

export const tooManyFailures = (node: string, sum: GroupOutcome, maxFailures: number): ApplicationFailure =>
  ApplicationFailure.nonRetryable(
    `${sum.quarantined} elements of ${node} failed, at most ${maxFailures} may. The first: ${sum.first ?? 'unknown'}`,
    'TOO_MANY_FAILURES',
    { attempt: sum.attempts },
  );

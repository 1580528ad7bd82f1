import type { Quarantined } from '../../../engine/define/pipeline.ts';
import { SostenutoError } from '../../../errors/problem.ts';

/** What says that a file is at fault, not the machine or the code. */
const FAULTS = ['MEDIA_UNREADABLE', 'MEDIA_TOO_LARGE', 'MIDI_UNREADABLE'];

/** What `read` gives, or why this clip's file cannot be used. Throws what is not the file's fault. */
export async function orReason<T>(read: () => Promise<T>): Promise<{ readonly value: T } | { readonly reason: string }> {
  try {
    return { value: await read() };
  } catch (error) {
    if (!(error instanceof SostenutoError) || !FAULTS.includes(error.code)) throw error;
    return { reason: error.problems.map(({ what, found }) => found ?? what).join('; ') };
  }
}

/** Throws `TOO_MANY_FAILURES` if more clips of a shard were set apart than the setting `maxFailures` allows. */
export function checkFailures(shard: string, unreadable: readonly Quarantined[], most: number): void {
  if (unreadable.length <= most) return;
  throw new SostenutoError({
    code: 'TOO_MANY_FAILURES',
    what: `${unreadable.length} clips of ${shard} cannot be used`,
    where: 'maxFailures',
    found: unreadable
      .slice(0, 5)
      .map(({ id, reason }) => `${id}: ${reason}`)
      .join('; '),
    expected: `at most ${most}`,
    hint: 'mend or remove the clips, or allow more with --set maxFailures=…',
  });
}

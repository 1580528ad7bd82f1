import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { SourceClips } from '../../../datasets/sources/read-source.ts';
import type { Entry } from '../../../datasets/sources/source.ts';
import { SostenutoError } from '../../../errors/problem.ts';

/** Which clips of some sources a model is tested on. */
export interface TestChoice {
  /** `all`: sets that were never trained on, whatever their splits say. */
  readonly split: 'test' | 'all';
  /** Only what was made from `from` on and before `to`, so that windows one after the other share no clip. ISO 8601. */
  readonly window?: { readonly from: string; readonly to: string };
}
interface Root {
  readonly root: string;
}

/**
 * The clips that are tested, all of the test split now. A clip's time is what its manifest says, else when its media file was changed last.
 * @throws SostenutoError `NO_TEST_CLIPS` where none is left and nothing was refused either
 */
export function chooseTested(sources: readonly Root[], read: readonly SourceClips[], choice: TestChoice): SourceClips[] {
  const { split, window } = choice;
  const within = (entry: Entry, { root }: Root): boolean => {
    if (window === undefined) return true;
    const time = entry.time === undefined ? statSync(join(root, entry.media)).mtimeMs : Date.parse(entry.time);
    return time >= Date.parse(window.from) && time < Date.parse(window.to);
  };
  const chosen = read.map((clips, index) => ({
    ...clips,
    entries: clips.entries
      .filter((entry) => (split === 'all' || entry.split === 'test') && within(entry, sources[index] ?? { root: '' }))
      .map((entry): Entry => ({ ...entry, split: 'test' })),
  }));
  if (chosen.some(({ entries }) => entries.length > 0)) return chosen;
  const count = read.reduce((sum, { entries }) => sum + entries.length, 0);
  throw new SostenutoError({
    code: 'NO_TEST_CLIPS',
    what: window === undefined ? 'The sources have no clip to test on.' : `No clip to test on is from ${window.from} to ${window.to}.`,
    where: sources.map(({ root }) => root).join(', '),
    found: `${count} clips that can be used, ${split === 'all' ? 'at other times' : 'of other splits or at other times'}`,
    expected: 'at least one',
    hint: 'test.split=all takes every clip of a set that was never trained on; a longer window of the schedule has more clips',
  });
}

import type { Entry } from './source.ts';

/**
 * A long clip as pieces of equal length, one after the other; a rest is a piece if it is at least half as long. Pieces belong to no pair of
 * performances: two pianists do not play the same bars at the same time.
 * @param duration of its files, in seconds
 */
export function cutEntry(entry: Entry, duration: number, seconds: number): Entry[] {
  const begin = entry.start ?? 0;
  const length = Math.min(entry.seconds ?? Number.POSITIVE_INFINITY, duration - begin);
  const count = Math.floor(length / seconds + 0.5);
  if (count <= 1) return [entry];
  const { piece: _, ...rest } = entry;
  return Array.from({ length: count }, (_, index) => ({
    ...rest,
    id: `${entry.id}_${String(index).padStart(4, '0')}`,
    start: begin + index * seconds,
    seconds: Math.min(seconds, length - index * seconds),
  }));
}

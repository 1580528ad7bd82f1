import type { Draws } from './draws.ts';

const COUNTS = [
  ['once', 'one time'],
  ['twice', 'two times'],
  ['three times', 'thrice'],
  ['four times', 'four times in a row'],
];
/** `twice`, `three times` … */
export const times = (draws: Draws, count: number) => draws.pick(COUNTS[count - 1] ?? [`${count} times`]);

/** Fills `{name}` of one of the templates with one of the words given for that name. */
export function phrase(
  draws: Draws,
  templates: readonly string[],
  words: Readonly<Record<string, string | readonly string[]>> = {},
): string {
  return draws
    .pick(templates)
    .replace(/\{(\w+)\}/g, (_, name: string) => {
      const choice = words[name] ?? name;
      return typeof choice === 'string' ? choice : draws.pick(choice);
    })
    .replace(/\ba (?=[aeiou])/g, 'an ');
}

/** Words for a place on a scale of three. */
export const HEIGHT = { low: ['low', 'deep'], middle: ['medium', 'mid-range'], high: ['high', 'high-pitched'] } as const;
export type Height = keyof typeof HEIGHT;
export const heights = Object.keys(HEIGHT) as Height[];

/** A frequency in the range that a height names. */
export function frequencyOf(draws: Draws, height: Height, ranges: Readonly<Record<Height, readonly [number, number]>>): number {
  const [least, most] = ranges[height];
  return least * (most / least) ** draws.uniform(0, 1);
}

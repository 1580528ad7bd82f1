const UNITS: Readonly<Record<string, number>> = { s: 1e3, m: 6e4, h: 3.6e6, d: 8.64e7, w: 6.048e8 };

/** `90 s`, `15 min`, `6 hours`, `1 day`, `2 weeks` in milliseconds; undefined for anything else. */
export function durationMs(text: string): number | undefined {
  const [, number, unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*(s|sec|seconds?|m|min|minutes?|h|hours?|d|days?|w|weeks?)\s*$/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * (UNITS[unit.charAt(0)] ?? 0);
}

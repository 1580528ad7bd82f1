import type { RunRequest } from '../activities/messages.ts';

/**
 * The request of a scheduled run with its window in place: in the texts of the settings, `{from}` and `{to}` become the ends of the window
 * in ISO 8601, `{from:day}` and `{to:day}` their days, in UTC. The window ends at the scheduled time and never at the present one, so that
 * a start that was missed and is made up for later reads the same.
 * @param at milliseconds since 1970
 */
export function scheduledRequest(request: RunRequest, at: number): RunRequest {
  const { schedule, settings } = request;
  if (schedule === undefined) return request;
  const time = new Date(at).toISOString();
  const { windowMs } = schedule;
  if (typeof windowMs !== 'number') return { ...request, schedule: { ...schedule, at: time } };
  const from = new Date(at - windowMs).toISOString();
  const words: Readonly<Record<string, string>> = { from, to: time, 'from:day': from.slice(0, 10), 'to:day': time.slice(0, 10) };
  return { ...request, settings: filled(settings, words), schedule: { ...schedule, at: time } };
}

function filled(value: unknown, words: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string') return value.replace(/\{((?:from|to)(?::day)?)\}/g, (whole, word: string) => words[word] ?? whole);
  if (Array.isArray(value)) return value.map((part) => filled(part, words));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, filled(part, words)]));
}

import { describe, expect, test } from 'vitest';
import { calendarSpec, calendarText, cronCalendar, readCalendar } from '../../../cli/schedules/calendar.ts';
import { scheduleSchema } from '../../../cli/schedules/declaration.ts';
import { desiredOf } from '../../../cli/schedules/desired.ts';
import { durationMs } from '../../../cli/schedules/duration.ts';

const every = { second: '0', minute: '0', hour: '0', dayOfMonth: '*', month: '*', dayOfWeek: '*', year: '*' };

describe('calendars', () => {
  test.each([
    ['0 3 * * *', { hour: '3' }],
    ['*/15 * * * *', { minute: '*/15', hour: '*' }],
    ['5/20 8-17 * * MON-FRI', { minute: '5-59/20', hour: '8-17', dayOfWeek: '1-5' }],
    ['0 0 1 jan,july *', { dayOfMonth: '1', month: '1,7' }],
    ['0 0 * * 7', { dayOfWeek: '0' }],
  ])('the cron line %s', (line, expected) => {
    expect(readCalendar(cronCalendar(line) ?? {})).toEqual({ ...every, ...expected });
  });

  test('what the server keeps reads as what it was told', () => {
    const told = readCalendar({ hour: '3-9/2', dayOfWeek: 'SAT', month: 'MAY' });
    if ('wrong' in told) throw new Error(told.wrong);
    expect(calendarSpec(told)).toMatchObject({ month: [{ start: 'MAY', end: 'MAY', step: 1 }], dayOfWeek: [{ start: 'SATURDAY' }] });
    const kept = {
      second: [{}],
      minute: [{}],
      hour: [{ start: 3, end: 9, step: 2 }],
      dayOfMonth: [{ start: 1, end: 31 }],
      month: [{ start: 5 }],
      dayOfWeek: [{ start: 6 }],
    };
    expect(calendarText(kept)).toEqual(told);
  });

  test.each([[{ hour: 24 }], [{ dayOfMonth: 0 }], [{ dayOfWeek: 'Saterday' }], [{ minute: '9-3' }], [{ minute: '*/0' }]])(
    '%j is none',
    (calendar) => {
      expect(readCalendar(calendar)).toEqual({ wrong: Object.keys(calendar)[0] });
    },
  );
});

describe('what a schedule may say', () => {
  const problems = (declared: object): string[] =>
    scheduleSchema.safeParse({ pipeline: 'one', ...declared }).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ??
    [];

  test.each([
    [{}, ': one of cron, every and calendar'],
    [{ cron: '0 3 * *' }, 'cron: five fields: minute, hour, day of the month, month, day of the week'],
    [{ cron: '0 25 * * *' }, 'cron: the field for hour as *, 3, 1-5, 0-45/15 or MON,FRI'],
    [{ cron: '0 3 1 * MON' }, 'cron: a day of the month or a day of the week; two lines for either of both'],
    [{ every: 'often' }, 'every: a time such as "90 s", "15 min", "6 hours", "1 day"'],
    [{ calendar: { hour: 30 } }, 'calendar.hour: as in cron: *, 3, 1-5, 0-45/15, MON,FRI'],
    [{ cron: '0 3 * * *', timeZone: 'Mars/Olympus' }, 'timeZone: a time zone such as Europe/Berlin'],
    [{ every: '1 day', catchupWindow: '2 s' }, 'catchupWindow: ten seconds or more'],
  ])('%j is refused in words', (declared, expected) => {
    expect(problems(declared)).toContain(expected);
  });

  test('unsaid, a start is skipped while another goes on, and made up for within a day; the window is a day', () => {
    expect(desiredOf('nightly', { pipeline: 'one', cron: '0 3 * * *' }, 'queue')).toMatchObject({
      overlap: 'skip',
      catchupWindow: 86_400_000,
      timeZone: 'UTC',
      input: { pipeline: 'one', schedule: { name: 'nightly', windowMs: 86_400_000 } },
    });
  });

  test.each([
    ['90 s', 90_000],
    ['15 min', 900_000],
    ['6 hours', 21_600_000],
    ['1 day', 86_400_000],
    ['2 weeks', 1_209_600_000],
  ])('%s', (text, ms) => expect(durationMs(text)).toBe(ms));
});

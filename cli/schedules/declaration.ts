import { z } from 'zod';
import { type Calendar, calendarFields, cronCalendar, readCalendar } from './calendar.ts';
import { durationMs } from './duration.ts';

/** What a schedule may do when its run before has not ended. */
export const OVERLAPS = ['skip', 'buffer-one', 'buffer-all', 'cancel-other', 'terminate-other', 'allow-all'] as const;
export type Overlap = (typeof OVERLAPS)[number];

/** A run that is to be started again and again. Times to start at are all those of `cron`, `every` and `calendar` together. */
export interface ScheduleDeclaration {
  readonly pipeline: string;
  readonly preset?: string;
  /**
   * Merged over the preset. Texts may hold `{from}`, `{to}` (ISO 8601, UTC), `{from:day}` and `{to:day}` (`2026-11-27`): ends of the
   * window, which the scheduled time decides, so that a backfill reads the same as the run that was missed.
   */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Five fields: minute, hour, day of the month, month, day of the week. */
  readonly cron?: string | readonly string[];
  /** `6 hours`; counted from 1970 on, plus the offset. */
  readonly every?: string | { readonly interval: string; readonly offset?: string };
  /** Fields as in cron, by name; seconds, minutes and hours that are not said are 0. */
  readonly calendar?: Calendar | readonly Calendar[];
  /** Of `cron` and `calendar`. Default `UTC`. */
  readonly timeZone?: string;
  /** Default `skip`. */
  readonly overlap?: Overlap;
  /** How late a start may be made up for after the server was away. Default `1 day`. */
  readonly catchupWindow?: string;
  /** Starts are put off by up to so much; the scheduled time stays what it is. */
  readonly jitter?: string;
  /** Length of the window that ends at the scheduled time. Default `1 day`. */
  readonly window?: string;
  /** No further start after a run that failed. */
  readonly pauseOnFailure?: boolean;
  readonly alert?: AlertDeclaration;
}

/** Tells somebody when a measure got worse. */
export interface AlertDeclaration {
  /** Name of a measure in the report. */
  readonly measure: string;
  readonly better: 'lower' | 'higher';
  /** By how much it may be worse, in the measure's unit. Default 0. */
  readonly margin?: number;
  /** Compared with the median of so many earlier runs of the schedule. Default 5. */
  readonly runs?: number;
  /** Compared with the champion of this registered model instead. */
  readonly champion?: string;
}

const duration = z.string().refine((text) => (durationMs(text) ?? 0) >= 1000, 'a time such as "90 s", "15 min", "6 hours", "1 day"');
const field = z.union([z.string(), z.int()]);
const calendar = z
  .strictObject(Object.fromEntries(calendarFields.map((name) => [name, field.exactOptional()])))
  .superRefine((given, context) => {
    const read = readCalendar(given as Calendar);
    if ('wrong' in read)
      context.addIssue({ code: 'custom', path: [String(read.wrong)], message: 'as in cron: *, 3, 1-5, 0-45/15, MON,FRI' });
  });
const cron = z.string().superRefine((line, context) => {
  const calendars = cronCalendar(line);
  const fail = (message: string) => context.addIssue({ code: 'custom', message });
  if (calendars === undefined) return fail('five fields: minute, hour, day of the month, month, day of the week');
  const read = readCalendar(calendars);
  if ('wrong' in read) return fail(`the field for ${String(read.wrong)} as *, 3, 1-5, 0-45/15 or MON,FRI`);
  if (read.dayOfMonth !== '*' && read.dayOfWeek !== '*') fail('a day of the month or a day of the week; two lines for either of both');
});
const timeZone = z.string().refine((name) => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}, 'a time zone such as Europe/Berlin');

/** Of `schedules` in `temporal.config.ts`. */
export const scheduleSchema = z
  .strictObject({
    pipeline: z.string(),
    preset: z.string().exactOptional(),
    settings: z.record(z.string(), z.unknown()).exactOptional(),
    cron: z.union([cron, z.array(cron)]).exactOptional(),
    every: z.union([duration, z.strictObject({ interval: duration, offset: duration.exactOptional() })]).exactOptional(),
    calendar: z.union([calendar, z.array(calendar)]).exactOptional(),
    timeZone: timeZone.exactOptional(),
    overlap: z.enum(OVERLAPS).exactOptional(),
    catchupWindow: duration.refine((text) => (durationMs(text) ?? 0) >= 10_000, 'ten seconds or more').exactOptional(),
    jitter: duration.exactOptional(),
    window: duration.exactOptional(),
    pauseOnFailure: z.boolean().exactOptional(),
    alert: z
      .strictObject({
        measure: z.string().min(1),
        better: z.enum(['lower', 'higher']),
        margin: z.number().min(0).exactOptional(),
        runs: z.int().min(1).max(100).exactOptional(),
        champion: z.string().min(1).exactOptional(),
      })
      .exactOptional(),
  })
  .refine(({ cron: lines, every, calendar: days }) => (lines ?? every ?? days) !== undefined, 'one of cron, every and calendar')
  // What a zod record makes of calendars has the type of all its fields.
  .transform((given) => given as ScheduleDeclaration);

import type { CalendarSpec } from '@temporalio/client';

/** The fields of a calendar, with what they may hold and what they hold when nothing is said. */
const FIELDS = {
  second: { least: 0, most: 59, otherwise: '0' },
  minute: { least: 0, most: 59, otherwise: '0' },
  hour: { least: 0, most: 23, otherwise: '0' },
  dayOfMonth: { least: 1, most: 31, otherwise: '*' },
  month: { least: 1, most: 12, otherwise: '*' },
  dayOfWeek: { least: 0, most: 6, otherwise: '*' },
  year: { least: 2000, most: 2100, otherwise: '*' },
} as const;
export type CalendarField = keyof typeof FIELDS;
export const calendarFields = Object.keys(FIELDS) as CalendarField[];
/** Fields as text, each as in a cron line: `*`, `3`, `1-5`, `0-45/15`, `MON,FRI`. */
export type Calendar = Readonly<Partial<Record<CalendarField, string | number>>>;
/** Every field in its one way of being written. */
export type CalendarText = Readonly<Record<CalendarField, string>>;

/** A range of a field, as Temporal's server keeps it. */
export interface FieldRange {
  readonly start?: number | null;
  readonly end?: number | null;
  readonly step?: number | null;
}
interface Whole {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

const MONTHS = [
  'JANUARY',
  'FEBRUARY',
  'MARCH',
  'APRIL',
  'MAY',
  'JUNE',
  'JULY',
  'AUGUST',
  'SEPTEMBER',
  'OCTOBER',
  'NOVEMBER',
  'DECEMBER',
] as const;
const DAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const;

/** Ranges of a field; undefined if the text is not one. */
function rangesOf(field: CalendarField, text: string): Whole[] | undefined {
  const { least, most } = FIELDS[field];
  const ranges = text.split(',').map((part): Whole | undefined => {
    const [, from = '', to, by] = /^\s*(\*|\w+)(?:-(\w+))?(?:\/(\d+))?\s*$/.exec(part) ?? [];
    const step = Number(by ?? 1);
    if (from === '*' && to === undefined) return step > 0 ? { start: least, end: most, step } : undefined;
    const start = numberOf(field, from);
    const end = to === undefined ? (by === undefined ? start : most) : numberOf(field, to);
    return Number.isInteger(start) && start >= least && start <= end && end <= most && step > 0 ? { start, end, step } : undefined;
  });
  return ranges.every((range) => range !== undefined) ? ranges : undefined;
}

/** A number or a name of three letters or more. Sunday is 0, and 7 as in cron. */
function numberOf(field: CalendarField, text: string): number {
  const names: readonly string[] = field === 'month' ? MONTHS : field === 'dayOfWeek' ? DAYS : [];
  const at = text.length < 3 ? -1 : names.findIndex((name) => name.startsWith(text.toUpperCase()));
  if (at >= 0) return field === 'month' ? at + 1 : at;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return field === 'dayOfWeek' && value === 7 ? 0 : value;
}

function textOf(field: CalendarField, ranges: readonly FieldRange[]): string {
  const { least, most } = FIELDS[field];
  const whole = ranges.map(({ start, end, step }) => ({ start: start ?? 0, end: Math.max(start ?? 0, end ?? 0), step: step || 1 }));
  if (whole.length === 0 && field === 'year') return '*';
  if (whole.length === 0) return FIELDS[field].otherwise;
  return whole
    .map(({ start, end, step }) => {
      const span = start === least && end === most ? '*' : start === end ? String(start) : `${start}-${end}`;
      return step === 1 || start === end ? span : `${span}/${step}`;
    })
    .join(',');
}

/** A calendar with every field said, or the first field that is wrong. */
export function readCalendar(calendar: Calendar): CalendarText | { readonly wrong: CalendarField } {
  const texts: Partial<Record<CalendarField, string>> = {};
  for (const field of calendarFields) {
    const ranges = rangesOf(field, String(calendar[field] ?? FIELDS[field].otherwise));
    if (ranges === undefined) return { wrong: field };
    texts[field] = textOf(field, ranges);
  }
  return texts as CalendarText;
}

/** The calendar of a cron line with five fields; undefined if it has another number of them. */
export function cronCalendar(line: string): Calendar | undefined {
  const fields = line.trim().split(/\s+/);
  const [minute = '*', hour = '*', dayOfMonth = '*', month = '*', dayOfWeek = '*'] = fields;
  return fields.length === 5 ? { minute, hour, dayOfMonth, month, dayOfWeek } : undefined;
}

/** A calendar as the server answers it. */
export const calendarText = (found: { readonly [Field in CalendarField]?: readonly FieldRange[] | null }): CalendarText =>
  Object.fromEntries(calendarFields.map((field) => [field, textOf(field, found[field] ?? [])])) as CalendarText;

/** A calendar as the server is told it. */
export function calendarSpec(calendar: CalendarText): CalendarSpec {
  const numbers = (field: CalendarField): Whole[] => rangesOf(field, calendar[field]) ?? [];
  const named = <Name>(field: CalendarField, name: (value: number) => Name | undefined) =>
    numbers(field).flatMap(({ start, end, step }) => {
      const [from, to] = [name(start), name(end)];
      return from === undefined || to === undefined ? [] : [{ start: from, end: to, step }];
    });
  return {
    second: numbers('second'),
    minute: numbers('minute'),
    hour: numbers('hour'),
    dayOfMonth: numbers('dayOfMonth'),
    month: named('month', (value) => MONTHS[value - 1]),
    dayOfWeek: named('dayOfWeek', (value) => DAYS[value]),
    ...(calendar.year === '*' ? {} : { year: numbers('year') }),
  };
}

import { type ScheduleDescription, type ScheduleOptions, ScheduleOverlapPolicy } from '@temporalio/client';
import type { RunRequest } from '../../activities/messages.ts';
import { type CalendarText, calendarSpec, calendarText, cronCalendar, readCalendar } from './calendar.ts';
import { OVERLAPS, type Overlap, type ScheduleDeclaration } from './declaration.ts';
import { durationMs } from './duration.ts';

/** A schedule in the one form in which what is declared and what the server has can be compared. Times in milliseconds. */
export interface Desired {
  readonly calendars: readonly CalendarText[];
  readonly intervals: readonly { readonly every: number; readonly offset: number }[];
  /** Calendars that are left out, and limits: never declared, but somebody may have set them by hand. */
  readonly except: readonly CalendarText[];
  readonly startAt?: string;
  readonly endAt?: string;
  readonly timeZone: string;
  readonly jitter: number;
  readonly overlap: Overlap;
  readonly catchupWindow: number;
  readonly pauseOnFailure: boolean;
  readonly workflowType: string;
  readonly taskQueue: string;
  readonly input: unknown;
}

const DAY = 86_400_000;
const list = <One>(given: One | readonly One[] | undefined): readonly One[] =>
  given === undefined ? [] : Array.isArray(given) ? given : [given as One];
const whole = (text: CalendarText | { wrong: string }): CalendarText[] => ('wrong' in text ? [] : [text]);
const milliseconds = (text: string | undefined, otherwise: number): number =>
  text === undefined ? otherwise : (durationMs(text) ?? otherwise);

/** The input of every run that a schedule starts. */
export function scheduledInput(name: string, { pipeline, preset, settings, window, alert }: ScheduleDeclaration): RunRequest {
  return {
    pipeline,
    ...(preset === undefined ? {} : { preset }),
    ...(settings === undefined ? {} : { settings }),
    schedule: { name, windowMs: milliseconds(window, DAY), ...(alert === undefined ? {} : { alert }) },
  };
}

export function desiredOf(name: string, declared: ScheduleDeclaration, taskQueue: string): Desired {
  const { cron, every, calendar } = declared;
  const interval = typeof every === 'string' ? { interval: every, offset: undefined } : every;
  return {
    calendars: [...list(cron).map(cronCalendar), ...list(calendar)].flatMap((one) => (one === undefined ? [] : whole(readCalendar(one)))),
    intervals: interval === undefined ? [] : [{ every: milliseconds(interval.interval, 0), offset: milliseconds(interval.offset, 0) }],
    except: [],
    timeZone: declared.timeZone ?? 'UTC',
    jitter: milliseconds(declared.jitter, 0),
    overlap: declared.overlap ?? 'skip',
    catchupWindow: milliseconds(declared.catchupWindow, DAY),
    pauseOnFailure: declared.pauseOnFailure ?? false,
    workflowType: 'runPipeline',
    taskQueue,
    input: scheduledInput(name, declared),
  };
}

/** What the server has, in the same form. */
export function foundOf({ raw, spec, policies: { overlap, catchupWindow, pauseOnFailure }, action }: ScheduleDescription): Desired {
  const { structuredCalendar, excludeStructuredCalendar } = raw.schedule?.spec ?? {};
  return {
    calendars: (structuredCalendar ?? []).map(calendarText),
    intervals: (spec.intervals ?? []).map(({ every, offset }) => ({ every, offset: offset ?? 0 })),
    except: (excludeStructuredCalendar ?? []).map(calendarText),
    ...(spec.startAt === undefined ? {} : { startAt: spec.startAt.toISOString() }),
    ...(spec.endAt === undefined ? {} : { endAt: spec.endAt.toISOString() }),
    timeZone: spec.timezone || 'UTC',
    jitter: spec.jitter ?? 0,
    overlap: OVERLAPS.find((one) => policies[one] === overlap) ?? 'skip',
    catchupWindow,
    pauseOnFailure,
    workflowType: action.workflowType,
    taskQueue: action.taskQueue,
    input: action.args?.[0],
  };
}

const policies: Readonly<Record<Overlap, ScheduleOverlapPolicy>> = {
  skip: ScheduleOverlapPolicy.SKIP,
  'buffer-one': ScheduleOverlapPolicy.BUFFER_ONE,
  'buffer-all': ScheduleOverlapPolicy.BUFFER_ALL,
  'cancel-other': ScheduleOverlapPolicy.CANCEL_OTHER,
  'terminate-other': ScheduleOverlapPolicy.TERMINATE_OTHER,
  'allow-all': ScheduleOverlapPolicy.ALLOW_ALL,
};
export const overlapPolicy = (overlap: Overlap): ScheduleOverlapPolicy => policies[overlap];

/** What the server is told: everything but the state, which belongs to whoever operates it. */
export function optionsOf(name: string, desired: Desired): Pick<ScheduleOptions, 'spec' | 'action' | 'policies'> {
  const { jitter, overlap, catchupWindow, pauseOnFailure, workflowType, taskQueue, input } = desired;
  return {
    spec: {
      calendars: desired.calendars.map(calendarSpec),
      intervals: [...desired.intervals],
      timezone: desired.timeZone,
      ...(jitter > 0 ? { jitter } : {}),
    },
    policies: { overlap: overlapPolicy(overlap), catchupWindow, pauseOnFailure },
    action: {
      type: 'startWorkflow',
      workflowType,
      workflowId: name,
      taskQueue,
      args: [input],
      memo: { trigger: 'schedule' },
      workflowTaskTimeout: '5s',
      staticSummary: `schedule ${name}`,
    },
  };
}

import type { ScheduleDescription } from '@temporalio/client';
import { scheduledRequest } from '../../workflows/window.ts';
import { loadConfig } from '../config/load.ts';
import { scheduledInput } from '../schedules/desired.ts';
import type { Schedules } from '../schedules/on-server.ts';
import { checkedPlan, openProject } from './project.ts';
import { getSession } from './session.ts';

/** Does something with the project's schedules at its server. @throws SostenutoError `NO_SERVER` */
export async function withSchedules<T>(act: (schedules: Schedules) => Promise<T>): Promise<T> {
  const config = await loadConfig();
  const session = await getSession(config);
  try {
    return await act({ client: session.client, taskQueue: config.taskQueue, declared: config.schedules });
  } finally {
    await session.close();
  }
}

/** Plans what each declared schedule would run if it were time now. @throws SostenutoError with every problem of a request */
export async function checkDeclared(): Promise<void> {
  const project = await openProject();
  for (const [name, declared] of project.config.schedules)
    await checkedPlan(project, scheduledRequest(scheduledInput(name, declared), Date.now()));
}

/** What a schedule did and will do, for `--json` and for the table. */
export function activityOf({ state, info }: ScheduleDescription) {
  return {
    paused: state.paused,
    ...(state.note ? { note: state.note } : {}),
    next: info.nextActionTimes.slice(0, 3).map((time) => time.toISOString()),
    recent: info.recentActions.map(({ scheduledAt, action }) => ({
      at: scheduledAt.toISOString(),
      workflowId: action.workflow.workflowId,
    })),
    running: info.runningActions.map(({ workflow }) => workflow.workflowId),
    missed: info.numActionsMissedCatchupWindow,
    skipped: info.numActionsSkippedOverlap,
  };
}

import type { RunRequest } from '../../activities/messages.ts';
import { openLedger } from '../../engine/ledger/ledger.ts';
import { SostenutoError } from '../../errors/problem.ts';
import type { RunOptions } from '../commands/run.ts';
import type { ExitCode } from '../exit-code.ts';
import { projectHome } from './project.ts';
import { runAndWait } from './run-and-wait.ts';

/** Runs the request of an earlier run again, with the settings that are in the ledger. */
export async function resumeRun(workflowId: string, options: RunOptions): Promise<ExitCode> {
  return runAndWait(await earlierRequest(workflowId), options);
}

/** @throws SostenutoError `NO_SUCH_RUN` */
export async function earlierRequest(workflowId: string): Promise<RunRequest> {
  const ledger = openLedger(await projectHome());
  const query = `SELECT pipeline, preset, settings FROM runs WHERE starts_with(run, $1 || '/') ORDER BY startedAt DESC LIMIT 1`;
  const [row] = await ledger.query(query, [workflowId]);
  if (row === undefined) {
    throw new SostenutoError({
      code: 'NO_SUCH_RUN',
      what: `The ledger knows no run "${workflowId}".`,
      where: workflowId,
      hint: '`sostenuto status` lists the runs.',
    });
  }
  const { pipeline, preset, settings } = row;
  return {
    pipeline: String(pipeline),
    ...(typeof preset === 'string' && preset !== '' ? { preset } : {}),
    ...(typeof settings === 'string' ? { settings: JSON.parse(settings) } : {}),
  };
}

import { newestRun, noSuchRun } from '../../activities/client/from-ledger.ts';
import type { RunRequest } from '../../activities/messages.ts';
import { openLedger } from '../../engine/ledger/ledger.ts';
import type { ExitCode } from '../exit-code.ts';
import { projectHome } from './project.ts';
import { type RunOptions, runAndWait } from './run-and-wait.ts';

/** Runs the request of an earlier run again, with the settings that are in the ledger. */
export async function resumeRun(workflowId: string, options: RunOptions): Promise<ExitCode> {
  return runAndWait(await earlierRequest(workflowId), options);
}

/** @throws SostenutoError `NO_SUCH_RUN` */
export async function earlierRequest(workflowId: string): Promise<RunRequest> {
  const ledger = openLedger(await projectHome());
  const row = await newestRun(ledger, workflowId);
  if (row === undefined) throw noSuchRun(workflowId);
  const { pipeline, preset, settings } = row;
  return {
    pipeline: String(pipeline),
    ...(typeof preset === 'string' && preset !== '' ? { preset } : {}),
    ...(typeof settings === 'string' ? { settings: JSON.parse(settings) } : {}),
  };
}

import { createClient } from '../../activities/tracking/mlflow/client.ts';
import type { Tracking } from '../../activities/tracking/tracking.ts';
import { SostenutoError } from '../../errors/problem.ts';
import type { Check } from './check.ts';

/** Whether the MLflow server that is named answers; nothing where none is. A run works without it. */
export async function checkTracker(tracking: Tracking | undefined): Promise<readonly Check[]> {
  if (tracking === undefined) return [];
  try {
    const version = await createClient(tracking).version();
    return [{ name: 'MLflow', status: 'ok', found: `${version ?? 'of an unknown version'} at ${tracking.uri}` }];
  } catch (error) {
    if (!(error instanceof SostenutoError)) throw error;
    const [problem] = error.problems;
    const fix = problem?.hint === undefined ? {} : { fix: problem.hint };
    return [{ name: 'MLflow', status: 'warn', found: `${problem?.what} (${problem?.found}) at ${tracking.uri}`, ...fix }];
  }
}

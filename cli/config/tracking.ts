import type { Tracking } from '../../activities/tracking/tracking.ts';
import type { Problem } from '../../errors/problem.ts';
import type { ProjectConfig } from './define.ts';
import type { Environment } from './environment.ts';

/**
 * Server and login for MLflow: its own variables win over the file. An address in the environment that is not `http(s)` belongs to other programs,
 * which can also write to files: it is stepped over. One in the file is added to `problems`.
 */
export function readTracking(
  project: ProjectConfig['tracking'],
  env: Environment,
  file: string,
  problems: Problem[],
): Tracking | undefined {
  const { MLFLOW_TRACKING_URI: fromEnvironment, MLFLOW_TRACKING_TOKEN: token, MLFLOW_EXPERIMENT_NAME: named } = env;
  const url = parse(fromEnvironment) ?? parse(project?.uri);
  if (url === undefined) {
    if (project !== undefined)
      problems.push({
        code: 'CONFIG_INVALID',
        what: 'The configuration names no MLflow server.',
        where: `${file}, tracking.uri`,
        found: withoutPassword(project.uri),
        expected: 'http://host:port or https://host:port',
      });
    return undefined;
  }
  const user = url.username === '' ? env['MLFLOW_TRACKING_USERNAME'] : decodeURIComponent(url.username);
  const password = url.username === '' ? env['MLFLOW_TRACKING_PASSWORD'] : decodeURIComponent(url.password);
  const bearer = token || project?.token;
  const authorization = user
    ? `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}`
    : bearer
      ? `Bearer ${bearer}`
      : undefined;
  url.username = '';
  url.password = '';
  const experiment = named || project?.experiment;
  return { uri: url.href.replace(/\/+$/, ''), ...(experiment && { experiment }), ...(authorization && { authorization }) };
}

function parse(uri: string | undefined): URL | undefined {
  try {
    const url = new URL(uri ?? '');
    return /^https?:$/.test(url.protocol) ? url : undefined;
  } catch {
    return undefined;
  }
}

const withoutPassword = (uri: string): string => uri.replace(/\/\/[^/@]*@/, '//…@');

import { describe, expect, test } from 'vitest';
import { readTracking } from '../../../cli/config/tracking.ts';
import type { Problem } from '../../../errors/problem.ts';

function read(project?: Parameters<typeof readTracking>[0], env: Record<string, string> = {}) {
  const problems: Problem[] = [];
  return { tracking: readTracking(project, env, 'temporal.config.ts', problems), problems };
}
const basic = (login: string) => `Basic ${Buffer.from(login).toString('base64')}`;

describe('where runs are tracked', () => {
  test('nowhere unless somebody says so', () => expect(read()).toEqual({ tracking: undefined, problems: [] }));

  test('as the file says; the environment wins', () => {
    const project = { uri: 'https://file:1/base/', experiment: 'e', token: 't' };
    expect(read(project).tracking).toEqual({ uri: 'https://file:1/base', experiment: 'e', authorization: 'Bearer t' });
    const env = { MLFLOW_TRACKING_URI: 'http://env:2', MLFLOW_EXPERIMENT_NAME: 'f', MLFLOW_TRACKING_TOKEN: 'u' };
    expect(read(project, env).tracking).toEqual({ uri: 'http://env:2', experiment: 'f', authorization: 'Bearer u' });
  });

  test('a user and password log in, also from the address, where they do not stay', () => {
    const env = { MLFLOW_TRACKING_URI: 'http://env:2', MLFLOW_TRACKING_USERNAME: 'ann', MLFLOW_TRACKING_PASSWORD: 'p' };
    expect(read(undefined, env).tracking?.authorization).toBe(basic('ann:p'));
    expect(read({ uri: 'http://bob:s%40@file:1' }).tracking).toEqual({ uri: 'http://file:1', authorization: basic('bob:s@') });
  });

  test.each(['file:./mlruns', 'sqlite:///x.db', 'databricks', ''])('an environment for other programs (%s) is stepped over', (uri) => {
    expect(read(undefined, { MLFLOW_TRACKING_URI: uri })).toEqual({ tracking: undefined, problems: [] });
    expect(read({ uri: 'http://file:1' }, { MLFLOW_TRACKING_URI: uri }).tracking?.uri).toBe('http://file:1');
  });

  test('a wrong address in the file is a problem, told without its password', () => {
    const { problems } = read({ uri: 'sqlite://ann:secret@host/x.db' });
    expect(problems).toMatchObject([{ code: 'CONFIG_INVALID', where: 'temporal.config.ts, tracking.uri' }]);
    expect(JSON.stringify(problems)).not.toContain('secret');
  });
});

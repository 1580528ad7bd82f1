import { afterEach, beforeEach, expect, test } from 'vitest';
import { startProxy } from '../activities/tracking/support/faulty-proxy.ts';
import { CommandLine } from './support/command-line.ts';

let command: CommandLine;
let proxy: Awaited<ReturnType<typeof startProxy>>;
beforeEach(async () => {
  command = new CommandLine();
  proxy = await startProxy('http://127.0.0.1:1');
  proxy.harm(() => ({ status: 200, body: '3.17.2' }));
});
afterEach(async () => {
  await command.end();
  await proxy.stop();
  delete process.env['MLFLOW_TRACKING_URI'];
});

test('without a server there is nothing to show, and it says how to name one', async () => {
  const { code, stdout } = await command.here('tracking', 'status', '--json');
  expect(code).toBe(3);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'NO_TRACKER' } });
});

test('the status tells the server, its version, and what waits', async () => {
  process.env['MLFLOW_TRACKING_URI'] = proxy.uri;
  const { stdout } = await command.here('tracking', 'status');
  expect(stdout).toContain(`${proxy.uri}, MLflow 3.17.2`);
  expect(stdout).toContain('0 complete, 0 waiting');
});

test('a server that is away is told in the status, and ends a sync', async () => {
  process.env['MLFLOW_TRACKING_URI'] = proxy.uri;
  proxy.harm(() => ({ status: 503, body: 'busy' }));
  const status = await command.here('tracking', 'status', '--json');
  expect(status.code).toBe(0);
  expect(status.json()).toMatchObject({ problem: expect.stringContaining('does not answer'), waiting: [] });
  const sync = await command.here('tracking', 'sync', '--json');
  expect(sync.code).toBe(1);
  expect(sync.json()).toMatchObject({ error: { code: 'TRACKER_UNREACHABLE' } });
});

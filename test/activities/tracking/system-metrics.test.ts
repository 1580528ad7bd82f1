import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { watchMachine } from '../../../activities/tracking/system-metrics.ts';
import { openLedger } from '../../../engine/ledger/ledger.ts';
import { readCurves } from '../../../web/report/read-curves.ts';
import { temporaryFolder } from '../../engine/support/folders.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const node = { id: 'train', task: 'train', status: 'done', cache: 'miss', key: '', attempts: 1, seconds: 1, outputs: {} } as const;

test('every ten seconds of a node the machine’s load is told, and the steps go on after a restart', async () => {
  const ledger = openLedger(temporaryFolder());
  const run = { workflowId: 'w', runId: 'r', startedAt: Date.now() };
  const first = watchMachine(ledger, run, 'train');
  vi.advanceTimersByTime(25_000);
  first();
  vi.advanceTimersByTime(25_000);
  const second = watchMachine(ledger, run, 'train');
  vi.advanceTimersByTime(10_000);
  second();
  ledger.append('metrics', [{ run: 'w/r', node: 'train', name: 'loss', step: 1, value: 0.5 }]);
  await ledger.flush();
  vi.useRealTimers();

  const names = ['cpu_utilization_percentage', 'system_memory_usage_megabytes', 'system_memory_usage_percentage'];
  const rows = await ledger.query(
    "SELECT name, list(step ORDER BY step) AS steps FROM metrics WHERE name <> 'loss' GROUP BY name ORDER BY name",
  );
  expect(rows).toEqual(names.map((name) => ({ name: `system/${name}`, steps: expect.anything() })));
  const steps = await ledger.query("SELECT step FROM metrics WHERE name = 'system/cpu_utilization_percentage' ORDER BY step");
  expect(steps).toEqual([{ step: 1 }, { step: 2 }, { step: 6 }]);
  const load = await ledger.query("SELECT min(value) AS least, max(value) AS most FROM metrics WHERE name LIKE '%percentage'");
  expect(Number(load[0]?.['least'])).toBeGreaterThanOrEqual(0);
  expect(Number(load[0]?.['most'])).toBeLessThanOrEqual(100);

  const finished = { workflowId: 'w', runId: 'r', pipeline: 'p', status: 'done', seconds: 1, nodes: [node] };
  expect((await readCurves(ledger, finished)).map(({ name }) => name)).toEqual(['loss']);
});

import { cpus, freemem, totalmem } from 'node:os';
import type { Ledger } from '../../engine/ledger/ledger.ts';
import type { RunIdentity } from '../messages.ts';
import { metricRow } from '../rows.ts';

const everyMs = 10_000;

/**
 * Adds what the machine does to the ledger while a node runs, every 10 seconds, under the names that MLflow shows by themselves. The step counts from
 * the run's beginning, so that it goes on after a restart. Returns what ends it.
 */
export function watchMachine(ledger: Ledger, run: RunIdentity, node: string, now: () => number = Date.now): () => void {
  let before = cpuTimes();
  const timer = setInterval(() => {
    const after = cpuTimes();
    const busy = 1 - (after.idle - before.idle) / Math.max(1, after.all - before.all);
    before = after;
    const used = totalmem() - freemem();
    const figures = {
      cpu_utilization_percentage: 100 * busy,
      system_memory_usage_megabytes: used / 1e6,
      system_memory_usage_percentage: (100 * used) / totalmem(),
    };
    const step = Math.floor((now() - run.startedAt) / everyMs);
    for (const [name, value] of Object.entries(figures))
      ledger.append('metrics', [metricRow(run, node, `system/${name}`, step, value, now())]);
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Milliseconds of all cores since the machine started. */
function cpuTimes(): { idle: number; all: number } {
  const times = cpus().map(({ times: { idle, user, nice, sys, irq } }) => ({ idle, all: idle + user + nice + sys + irq }));
  return { idle: times.reduce((sum, { idle }) => sum + idle, 0), all: times.reduce((sum, { all }) => sum + all, 0) };
}

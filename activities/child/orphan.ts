import { Worker } from 'node:worker_threads';

/** How often the parent is looked for, and how long a task that was told may still take. */
const watchMs = 250;
const graceMs = 10_000;

/**
 * Ends this process when its parent is gone. The watch runs on a thread of its own: a step that blocks the event loop for minutes must not
 * become an orphan that holds the device. `onOrphaned` gets the chance to save a checkpoint first.
 */
export function endWithParent(parent: number, onOrphaned: () => void): void {
  // Plain JavaScript without the loader of the main thread: it starts in a few milliseconds.
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    let orphanedAt = 0;
    setInterval(() => {
      if (process.ppid === workerData.parent) return;
      if (orphanedAt === 0) { orphanedAt = Date.now(); parentPort.postMessage('orphaned'); }
      else if (Date.now() - orphanedAt > workerData.graceMs) process.kill(process.pid, 'SIGKILL');
    }, workerData.watchMs);`;
  const watch = new Worker(code, { eval: true, execArgv: [], workerData: { parent, watchMs, graceMs } });
  watch.on('message', onOrphaned);
  watch.unref();
}

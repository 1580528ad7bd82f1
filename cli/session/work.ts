import type { Queue } from '../../engine/define/task.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { say } from '../output.ts';
import { listenForInterrupts } from './interrupts.ts';
import { openProject } from './project.ts';
import { getSession } from './session.ts';
import { employ } from './staff.ts';

/** Workers for some queues until Ctrl-C or SIGTERM. */
export async function work(queues: readonly Queue[]): Promise<ExitCode> {
  const project = await openProject();
  const interrupts = listenForInterrupts();
  const session = await getSession(project.config);
  try {
    const workers = await employ(project, session, queues, say);
    const { taskQueue, slots } = project.config;
    say(`At work for ${session.address}: ${queues.map((queue) => `${queue} (${slots[queue]} at once)`).join(', ')} of ${taskQueue}`);
    await Promise.race([interrupts.first, workers.done]);
    say('Stopping: trainings save a checkpoint.');
    await workers.stop();
  } finally {
    interrupts.end();
    await session.close();
  }
  return exitCodes.done;
}

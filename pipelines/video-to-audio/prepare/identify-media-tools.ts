import { runTool } from '../../../datasets/media/tool-process.ts';
import { findMediaTools } from '../../../datasets/media/tools.ts';
import type { Run } from '../../../engine/define/task.ts';
import type { identifyMediaTools as declaration } from '../tasks.ts';

/** The first line names version and compiler, the lines of libraries what really decodes. */
export const identifyMediaTools: Run<typeof declaration> = async ({ context }) => {
  const { ffmpeg } = findMediaTools();
  const { outputs } = await runTool({ command: ffmpeg, args: ['-version'], outputs: [1], signal: context.signal });
  const lines = (outputs[1]?.toString('latin1') ?? '').split('\n').map((line) => line.trim());
  return { tools: { ffmpeg: [lines[0] ?? '', ...lines.filter((line) => line.startsWith('lib'))] } };
};

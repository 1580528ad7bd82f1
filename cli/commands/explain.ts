import type { Command } from 'commander';
import { print, printJson } from '../output.ts';
import { declareRequest, type RequestOptions, requestOf } from '../request.ts';

export function declare(command: Command): void {
  declareRequest(command.argument('<pipeline>', 'its name').argument('[nodes...]', 'only these nodes; default: all'))
    .addHelpText(
      'after',
      `
Examples:
  sostenuto explain video-to-audio
  sostenuto explain video-to-audio text-to-audio --set seed=8

Looks up what a run with this request would find, and runs nothing. A node below one that would run again is not decided yet:
if that one's output keeps its bytes, the node is reused.`,
    )
    .action(async (name: string, nodes: string[], options: RequestOptions & { json?: boolean }) => {
      const { openProject } = await import('../session/project.ts');
      const { explainRequest } = await import('../session/explain-request.ts');
      const found = await explainRequest(await openProject(), requestOf(name, options), nodes);
      if (options.json) return printJson({ pipeline: name, nodes: found.map(({ line: _, ...rest }) => rest) });
      for (const { line } of found) print(line);
    });
}

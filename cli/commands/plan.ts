import type { Command } from 'commander';
import { print, printJson, say, tableLines } from '../output.ts';
import { declareRequest, type RequestOptions, requestOf } from '../request.ts';

export function declare(command: Command): void {
  declareRequest(command.argument('<pipeline>', 'its name'))
    .addHelpText('after', '\nExample:\n  sostenuto plan video-to-audio --preset tiny --json')
    .action(async (name: string, options: RequestOptions & { json?: boolean }) => {
      const { checkedPlan, openProject } = await import('../session/project.ts');
      const project = await openProject();
      const plan = await checkedPlan(project, requestOf(name, options));
      const all = project.pipelines.get(plan.pipeline)?.estimate?.(plan.settings) ?? [];
      const estimates = all.filter((estimate) => plan.nodes.some(({ id }) => id === estimate.node));
      if (options.json) return printJson({ ...plan, estimates });
      const rows = plan.nodes.map(({ id, kind, task, queue, inputs, over }) => [id, kind, task, queue, readsOf(inputs, over)]);
      for (const line of tableLines(['node', 'kind', 'task', 'queue', 'reads'], rows)) print(line);
      if (estimates.length > 0) print('');
      const costs = estimates.map(({ node, parameters, trained, memory, steps }) => [
        node,
        parameters,
        trained,
        (memory / 1e9).toFixed(1),
        steps,
      ]);
      for (const line of estimates.length > 0 ? tableLines(['training', 'parameters', 'trained', 'about GB', 'steps'], costs) : [])
        print(line);
      say(`${plan.pipeline}, preset ${plan.preset}: ${plan.nodes.length} nodes`);
    });
}

type Edge = { readonly node: string; readonly output: string };
const edgeName = ({ node, output }: Edge): string => `${node}.${output}`;

function readsOf(inputs: Readonly<Record<string, Edge>>, over: Edge | undefined): string {
  return [...(over === undefined ? [] : [`each of ${edgeName(over)}`]), ...Object.values(inputs).map(edgeName)].join(', ');
}

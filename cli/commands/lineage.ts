import type { Command } from 'commander';
import type { Edge, Step } from '../../engine/lineage/trace.ts';
import { counted, duration, size } from '../display/words.ts';
import { coloured, print, printJson, say } from '../output.ts';
import type { Lineage } from '../session/lineage.ts';

export function declare(command: Command): void {
  command
    .argument('<what>', 'a digest, a file or folder, a model (name or name@version), a node, or <run>/<node>')
    .option('--forward', 'what was made from it, instead of what it was made from')
    .addHelpText(
      'after',
      `
Examples:
  sostenuto lineage video-to-audio@champion
  sostenuto lineage exported/model.safetensors
  sostenuto lineage ingest --forward

A file or a folder is recognised by its content, wherever it lies.`,
    )
    .action(async (what: string, options: { json?: boolean; forward?: boolean }) => {
      const { lineageOf } = await import('../session/lineage.ts');
      const lineage = await lineageOf(what, options);
      if (options.json) return printJson(lineage);
      for (const line of linesOf(lineage)) print(line);
      say(counted(lineage.steps.length, 'step'));
    });
}

function linesOf({ asked, as, digest, steps, models, runs, direction }: Lineage): string[] {
  const byKey = new Map(steps.map((step) => [step.key, step]));
  const told = new Set<string>();
  const tree = (key: string, depth: number, label: string): string[] => {
    const step = byKey.get(key);
    const start = `${'  '.repeat(depth)}${label}`;
    if (step === undefined) return [`${start}${label === '' ? '' : 'nobody recorded who made it'}`];
    if (told.has(key)) return [`${start}${step.node} ${dim('(above)')}`];
    told.add(key);
    return [
      `${start}${coloured('bold', step.node, process.stdout)} ${dim(factsOf(step))}`,
      ...detailsOf(step).map((line) => `${'  '.repeat(depth + 1)}${dim(line)}`),
      ...step.edges.flatMap((edge) => tree(edge.key ?? '', depth + 1, `${direction === 'back' ? '←' : '→'} ${inputOf(edge)}: `)),
    ];
  };
  return [
    `${asked}: ${as}${digest === undefined ? '' : ` (${digest})`}`,
    ...models.map(({ name, version }) => `registered as ${name} version ${version}`),
    ...runs.map((run) => `in run ${run}`),
    ...tree(steps[0]?.key ?? '', 0, ''),
  ];
}

/** What a map goes through has no name of its own. */
const inputOf = ({ input }: Edge): string => (input === '[]' ? 'each' : input);
const dim = (text: string): string => coloured('dim', text, process.stdout);

const factsOf = ({ task, pipeline, startedAt, seconds, host }: Step): string =>
  `${task}${pipeline === undefined ? '' : ` of ${pipeline}`}, ${startedAt}, ${duration(seconds)} on ${host}`;

function detailsOf({ params, code, objects, outputs, adoptedFrom, key }: Step): string[] {
  const settings = JSON.stringify(params);
  const bytes = Object.values(outputs).reduce((sum, one) => sum + one.bytes, 0);
  return [
    `code ${code.digest.slice(0, 12)}, ${Object.keys(code.modules).length} modules; key ${key.slice(0, 12)}; ${size(bytes)}`,
    ...(settings === undefined || settings === '{}'
      ? []
      : [`settings ${settings.length > 240 ? `${settings.slice(0, 237)}... (--json has them all)` : settings}`]),
    ...(adoptedFrom === undefined ? [] : [`went on from checkpoint ${adoptedFrom}`]),
    ...(objects === undefined ? [] : [`data begin here: ${counted(objects, 'object')}`]),
  ];
}

/** The table of stages in README.md, made from the pipeline itself: `npx tsx scripts/stages.ts` writes it anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Ports } from '../engine/define/ports.ts';
import { type PlannedNode, planPipeline } from '../engine/plan/plan.ts';
import * as evaluation from '../pipelines/video-to-audio/evaluate/tasks.ts';
import * as labelling from '../pipelines/video-to-audio/label/tasks.ts';
import { videoToAudio } from '../pipelines/video-to-audio/pipeline.ts';
import * as preparation from '../pipelines/video-to-audio/tasks.ts';
import * as training from '../pipelines/video-to-audio/train/tasks.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = `${root}README.md`;
const [begin, end] = ['<!-- stages: written by scripts/stages.ts -->', '<!-- end of stages -->'];

const tasks = [preparation, labelling, training, evaluation].flatMap((module): { name: string; outputs: Ports }[] => Object.values(module));
const outputsOf = new Map(tasks.map(({ name, outputs }) => [name, outputs]));

/** One row a node: what it reads, what it does, what it writes, where its code is. */
export function stageTable(): string[] {
  const { nodes } = planPipeline(videoToAudio);
  return ['| reads | node | writes | where to look |', '| --- | --- | --- | --- |', ...nodes.map(row)];
}

function row({ id, kind, task, inputs, over, code }: PlannedNode): string {
  const all = Object.values(inputs).map(({ node, output }) => `${node}.${output}`);
  const reads = [...(over === undefined ? [] : [`each of ${over.node}.${over.output}`]), ...all];
  const writes = Object.entries(outputsOf.get(task) ?? {}).map(
    ([name, port]) => `${name} (${port.form === port.kind ? port.form : `${port.form} ${port.kind}`})`,
  );
  const path = code === undefined ? '' : relative(root, fileURLToPath(code.url));
  const name = kind === 'map' ? `**${id}**: \`${task}\` for each` : `**${id}**: \`${task}\``;
  return `| ${reads.join(', ') || '–'} | ${name} | ${writes.join(', ')} | [${path.replace('pipelines/video-to-audio/', '')}](${path}) |`;
}

/** A text with the table between its marks replaced. */
export function withTable(text: string, table: readonly string[]): string {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the marks ${begin} … ${end} are not there`);
  return `${text.slice(0, from + begin.length)}\n${table.join('\n')}\n${text.slice(to)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(readme, withTable(readFileSync(readme, 'utf8'), stageTable()));

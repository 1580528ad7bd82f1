import type { NodeReport, RunReport } from '../../activities/messages.ts';
import { type Pace, type Paces, secondsLeft } from './pace.ts';
import type { NodeSnapshot, RunSnapshot } from './snapshot.ts';
import { cut, duration, figure, statusSigns } from './words.ts';

const idWidth = (nodes: readonly { id: string }[]): number => Math.min(32, Math.max(8, ...nodes.map(({ id }) => id.length)));

/** `video-to-audio: 6 of 12 nodes done, 4 of them reused; 1 min 05 s` */
export function headLine({ pipeline, nodes, paused, startedAt, takenAt }: RunSnapshot): string {
  const done = nodes.filter(({ status }) => status === 'done');
  const reused = done.filter(({ cache }) => cache === 'hit').length;
  const failed = nodes.filter(({ status }) => status === 'failed').length;
  const parts = [
    `${done.length} of ${nodes.length} nodes done${reused > 0 ? `, ${reused} of them reused` : ''}`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(paused ? ['paused'] : []),
    duration((takenAt - startedAt) / 1000),
  ];
  return `${pipeline}: ${parts.join('; ')}`;
}

/** One live line of a running node: steps, pace, its own figures, time left. */
export function runningLine(
  { id, progress, attempt, note }: NodeSnapshot,
  pace: Pace | undefined,
  width: number,
  idColumn = id.length,
): string {
  const parts: string[] = [];
  if (progress !== undefined) {
    const { step, of, loss, stepsPerSecond: said, ...details } = progress;
    const perSecond = typeof said === 'number' ? said : pace?.stepsPerSecond;
    const left = secondsLeft(perSecond === undefined ? pace : { step, at: 0, stepsPerSecond: perSecond }, of);
    if (of > 0) parts.push(`${step}/${of}`, `${Math.floor((100 * step) / of)} %`);
    if (perSecond !== undefined) parts.push(`${figure(Number(perSecond.toPrecision(3)))} steps/s`);
    if (loss !== undefined) parts.push(`loss ${shown(loss)}`);
    if (left !== undefined && step < of) parts.push(`ETA ${duration(left)}`);
    // What there is room for.
    for (const [name, value] of Object.entries(details)) if (value !== undefined) parts.push(`${asWords(name)} ${shown(value)}`);
  } else parts.push(note ?? 'running');
  if (attempt !== undefined && attempt > 1) parts.push(`attempt ${attempt}`);
  return cut(`  ${statusSigns.running} ${id.padEnd(idColumn)}  ${parts.join('  ')}`, width);
}

const shown = (value: number | string): string => (typeof value === 'number' ? figure(value) : value);
/** `gradientNorm` → `gradient norm`. */
const asWords = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** What a terminal shows while a run goes on: a head, then every node that runs, waits for a person or has failed. */
export function boardLines(snapshot: RunSnapshot, paces: Paces, width: number): string[] {
  const column = idWidth(snapshot.nodes);
  const shown = snapshot.nodes.flatMap((node): string[] => {
    if (node.status === 'running') return [runningLine(node, paces.get(node.id), width, column)];
    if (node.status === 'waiting') return [waitingLine(node, snapshot.workflowId, width)];
    if (node.status === 'failed')
      return [cut(`  ${statusSigns.failed} ${node.id.padEnd(column)}  ${firstLine(node.note ?? 'failed')}`, width)];
    return [];
  });
  return [cut(headLine(snapshot), width), ...shown];
}

function waitingLine({ id, note, wantsAnswer }: NodeSnapshot, workflowId: string, width: number): string {
  const words = firstLine(note ?? (wantsAnswer ? 'waits for judgments' : 'waits for a decision'));
  const command = wantsAnswer ? `label ${workflowId} --node ${id}` : `approve ${workflowId} ${id}`;
  return cut(`  ${statusSigns.waiting} ${id}  ${words}  → sostenuto ${command}`, width);
}

/** Plain lines for what changed between two moments: a node began, ended, asks, or (if `isDue`) how far it is. */
export function changeLines(before: RunSnapshot | undefined, after: RunSnapshot, paces: Paces, isDue: boolean): string[] {
  const known = new Map(before?.nodes.map((node) => [node.id, node]));
  const lines = after.nodes.flatMap((node): string[] => {
    const was = known.get(node.id)?.status;
    if (node.status === 'running' && (was !== 'running' || (isDue && node.progress !== undefined)))
      return [runningLine(node, paces.get(node.id), Infinity)];
    if (node.status === was) return [];
    if (node.status === 'done') return [`  ${statusSigns.done} ${node.id}${node.cache === 'hit' ? '  reused' : ''}`];
    if (node.status === 'waiting') return [waitingLine(node, after.workflowId, Infinity)];
    if (['failed', 'skipped', 'canceled'].includes(node.status)) {
      return [`  ${statusSigns[node.status]} ${node.id}  ${node.status}${node.note === undefined ? '' : `: ${firstLine(node.note)}`}`];
    }
    return [];
  });
  const wasPaused = before?.paused ?? false;
  if (after.paused !== wasPaused) lines.push(after.paused ? '  paused: nothing new starts' : '  unpaused');
  return lines;
}

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? text;

/** One line a node and one for the whole, when a run is over or asked about. */
export function reportLines(report: RunReport): string[] {
  const column = idWidth(report.nodes);
  const counts = new Map<string, number>();
  for (const { status } of report.nodes) counts.set(status, (counts.get(status) ?? 0) + 1);
  const reused = report.nodes.filter(({ status, cache }) => status === 'done' && cache === 'hit').length;
  const summary = [...counts].map(([status, count]) => `${count} ${status}`).join(', ');
  return [
    ...report.nodes.map((node) => nodeLine(node, column)),
    ...(report.error === undefined ? [] : report.error.split('\n').map((line) => `  ${line}`)),
    `${report.pipeline} ${report.status} in ${duration(report.seconds)}: ${summary === '' ? 'no node' : summary}${reused > 0 ? ` (${reused} reused)` : ''}`,
  ];
}

function nodeLine({ id, status, cache, seconds, attempts, error, elements }: NodeReport, column: number): string {
  const time = status === 'done' && cache === 'hit' ? 'reused' : seconds > 0 ? duration(seconds) : '';
  const parts = [
    status.padEnd(8),
    time.padEnd(12),
    ...(elements === undefined ? [] : [elementsText(elements)]),
    ...(attempts > 1 ? [`${attempts} attempts`] : []),
    ...(error === undefined ? [] : [firstLine(error)]),
  ];
  return `  ${statusSigns[status]} ${id.padEnd(column)}  ${parts.join('  ')}`.trimEnd();
}

function elementsText({ total, ran, hits, quarantined }: NonNullable<NodeReport['elements']>): string {
  const parts = [
    `${ran} of ${total} elements ran`,
    ...(hits > 0 ? [`${hits} reused`] : []),
    ...(quarantined > 0 ? [`${quarantined} quarantined`] : []),
  ];
  return parts.join(', ');
}

import type { NodeStatus } from '../activities/messages.ts';
import type { Board } from './board.ts';

const rows = 40;
const words: Readonly<Record<NodeStatus, string>> = {
  pending: '· pending',
  ready: '◦ ready',
  running: '▶ running',
  waiting: '? waits for approval',
  done: '✓ done',
  failed: '✗ failed',
  skipped: '– skipped',
  blocked: '– blocked',
  canceled: '– canceled',
};
/** What needs eyes comes first, when there are more nodes than rows. */
const order: readonly NodeStatus[] = ['failed', 'waiting', 'running', 'ready', 'pending', 'done', 'skipped', 'blocked', 'canceled'];

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ').slice(0, 160);

/** The live table at the top of the run's page: Markdown without images or HTML, below 20 KB. */
export function detailsTable(board: Board, paused: boolean): string {
  const counts = new Map<NodeStatus, number>();
  for (const node of board.nodes) counts.set(node.status, (counts.get(node.status) ?? 0) + 1);
  const head = [...counts].map(([status, count]) => `${count} ${status}`).join(', ');
  const hits = board.nodes.filter((node) => node.cache === 'hit').length;
  const shown =
    board.nodes.length <= rows
      ? board.nodes
      : order.flatMap((status) => board.nodes.filter((node) => node.status === status)).slice(0, rows);
  const lines = shown.map(
    (node) =>
      `| ${cell(node.id)} | ${words[node.status]} | ${node.cache === 'hit' ? 'reused' : ''} | ${cell(node.note ?? node.question ?? '')} |`,
  );
  const rest = board.nodes.length - shown.length;
  return [
    `**${board.nodes.length} nodes:** ${head}${hits > 0 ? `; ${hits} reused` : ''}${paused ? ' — **paused**' : ''}`,
    '',
    '| node | status | cache | |',
    '| --- | --- | --- | --- |',
    ...lines,
    ...(rest > 0 ? [`| and ${rest} more | | | |`] : []),
  ].join('\n');
}

import type { PlacedNode } from './dag-layout.ts';
import type { DrawnNode } from './fold-graph.ts';
import { html, type Markup } from './markup.ts';
import type { ReportedNode } from './model.ts';
import { duration, type Outcome, outcomeOf, outcomeWord, quantity, slug } from './words.ts';

const usualHeight = 54;
/** A box for several nodes lists so many, a line each. */
const mostLines = 16;
const line = { first: 39, height: 17 };

/** Signs beside the words, 12 × 12, so that colour alone says nothing. */
const signs: Readonly<Record<Outcome, string>> = {
  ran: 'M2 6.5 5 9.5 10.5 3',
  reused: 'M10 4.5A4.4 4.4 0 1 0 10.4 7M10.3 1.8V4.6H7.5',
  failed: 'M3 3 9 9M9 3 3 9',
  waiting: 'M6 3V6.3L8.2 7.6M6 1.2A4.8 4.8 0 1 0 6 10.8 4.8 4.8 0 1 0 6 1.2',
  idle: 'M2.5 6H9.5',
};

export const outcomeSign = (outcome: Outcome): Markup =>
  html`<svg class="sign ${outcome}" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true"><path d="${signs[outcome]}"/></svg>`;

const listed = ({ members = [] }: DrawnNode): readonly ReportedNode[] => (members.length > mostLines ? [] : members);

/** Of a box, in pixels. */
export function heightOf(node: DrawnNode): number {
  const lines = listed(node).length;
  return lines === 0 ? usualHeight : line.first + (lines - 1) * line.height + 12;
}

export function drawNode(node: DrawnNode, place: PlacedNode | undefined, longest: number, standing: boolean): Markup {
  if (place === undefined) return html``;
  const outcome = outcomeOf(node);
  const { size } = place;
  const [x, y, width, height] = standing
    ? [place.across, place.along, size.across, size.along]
    : [place.along, place.across, size.along, size.across];
  const at = html`data-node="${node.id}" transform="translate(${fixed(x)} ${fixed(y)})"`;
  const isStack = node.kind === 'map' || node.members !== undefined;
  const frame = html`${isStack && html`<rect class="behind" x="4" y="-4" width="${width}" height="${height}" rx="8"/>`}<rect class="box" width="${width}" height="${height}" rx="8"/>
<text class="name" x="10" y="21">${shorten(nameOf(node), Math.floor(width / 7.5))}</text>`;
  if (listed(node).length > 0) return html`<g class="node ${outcome}" ${at}>${frame}${drawMembers(listed(node), width)}</g>\n`;
  const told = describe(node);
  const share = node.seconds > 0 && node.members === undefined ? Math.max(2, (node.seconds / longest) * (width - 20)) : 0;
  return html`<a class="node ${outcome}" href="#node-${slug(node.id)}" ${at} aria-label="${told}"><title>${told}</title>
${frame}
<path class="sign" transform="translate(9.5 29)" d="${signs[outcome]}"/><text class="state" x="26" y="39">${shorten([outcomeWord(node), timeOf(node)].filter(Boolean).join(' · '), 19)}</text>
${node.attempts > 1 && html`<g class="attempts"><rect x="${width - 27}" y="-7" width="22" height="15" rx="7.5"/><text x="${width - 16}" y="4">×${node.attempts}</text></g>`}${share > 0 && html`<rect class="share" x="10" y="${height - 6}" width="${fixed(share)}" height="2.5" rx="1.25"/>`}</a>
`;
}

/** A line each: its outcome, what its name has of its own, its time. */
function drawMembers(members: readonly ReportedNode[], width: number): Markup {
  const { start, end } = sharedAffixes(members);
  return html`${members.map((node, i) => {
    const y = line.first + i * line.height;
    const told = describe(node);
    const own = node.id.slice(start.length, node.id.length - end.length);
    return html`<a class="member ${outcomeOf(node)}" href="#node-${slug(node.id)}" aria-label="${told}"><title>${told}</title><path class="sign" transform="translate(9.5 ${y - 10})" d="${signs[outcomeOf(node)]}"/><text class="state" x="26" y="${y}">${shorten(own, 16)}</text><text class="state time" x="${width - 10}" y="${y}">${timeOf(node)}</text></a>`;
  })}`;
}

/** What the names of nodes begin and end with alike, up to a hyphen. */
function sharedAffixes(members: readonly ReportedNode[]): { start: string; end: string } {
  const parts = members.map(({ id }) => id.split('-'));
  const most = Math.min(...parts.map(({ length }) => length)) - 1;
  const shared = (of: (words: readonly string[]) => readonly string[]): string[] => {
    const [first = [], ...rest] = parts.map(of);
    const differing = first.findIndex((word, i) => i >= most || rest.some((words) => words[i] !== word));
    return first.slice(0, Math.max(0, differing));
  };
  const start = shared((words) => words);
  const end = start.length > 0 ? [] : shared((words) => words.toReversed()).toReversed();
  return { start: start.map((word) => `${word}-`).join(''), end: end.map((word) => `-${word}`).join('') };
}

/** Of a box for several nodes what their names share, else their task. */
function nameOf({ id, task, members }: DrawnNode): string {
  if (members === undefined) return id;
  const { start, end } = sharedAffixes(members);
  return `${quantity(members.length)} × ${start !== '' ? `${start}…` : end !== '' ? `…${end}` : task}`;
}

const timeOf = ({ status, cache, seconds }: ReportedNode): string => (status === 'done' && cache === 'miss' ? duration(seconds) : '');

/** One sentence a screen reader reads for a node. */
function describe(node: DrawnNode): string {
  const attempts = node.attempts > 1 ? `, ${node.attempts} attempts` : '';
  const time = node.seconds > 0 ? ` in ${duration(node.seconds)}` : '';
  const after = node.deps.length > 0 ? `; after ${node.deps.join(', ')}` : '';
  return `${nameOf(node)}${node.kind === 'task' ? '' : ` (${node.kind})`}: ${outcomeWord(node)}${time}${attempts}${node.summary === undefined ? '' : `; ${node.summary}`}${after}`;
}

const shorten = (text: string, length: number): string => (text.length <= length ? text : `${text.slice(0, length - 1)}…`);

const fixed = (value: number): string => String(Math.round(value * 10) / 10);

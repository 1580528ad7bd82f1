import { type Layout, layoutGraph, type PlacedEdge, type PlacedNode } from './dag-layout.ts';
import { type DrawnNode, foldSiblings } from './fold-graph.ts';
import { html, type Markup } from './markup.ts';
import type { ReportedNode } from './model.ts';
import { counted, duration, type Outcome, outcomeOf, outcomeWord, slug } from './words.ts';

const box = { width: 138, height: 54 };
const margin = 8;

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

/** More boxes than this tell nobody anything. */
const mostBoxes = 150;

/** The graph twice: from left to right for wide screens, from top to bottom for narrow ones and paper. The page shows one. */
export function drawGraph(all: readonly ReportedNode[]): Markup {
  const nodes = foldSiblings(all);
  if (nodes.length > mostBoxes)
    return html`<p class="lead">A graph of ${counted(nodes.length, 'node')} is too large to draw; the nodes are listed below.</p>`;
  const across = layoutGraph(nodes, { along: box.width, across: box.height, layerGap: 30, boxGap: 16 });
  const down = layoutGraph(nodes, { along: box.height, across: box.width, layerGap: 30, boxGap: 12 });
  return html`<div class="graph lying" tabindex="0" role="region" aria-label="Graph, scrolls sideways">${draw(nodes, across, false)}</div>
<div class="graph standing" tabindex="0" role="region" aria-label="Graph, scrolls sideways">${draw(nodes, down, true)}</div>`;
}

function draw(nodes: readonly DrawnNode[], layout: Layout, standing: boolean): Markup {
  const [width, height] = standing ? [layout.across, layout.along] : [layout.along, layout.across];
  const longest = Math.max(1e-9, ...nodes.map((node) => node.seconds));
  const placed = new Map(layout.nodes.map((node) => [node.id, node]));
  const [w, h] = [Math.ceil(width) + 2 * margin, Math.ceil(height) + 2 * margin];
  return html`<svg viewBox="${-margin} ${-margin} ${w} ${h}" width="${w}" height="${h}" role="group" aria-label="Graph of ${counted(nodes.length, 'node')}">
<g class="edges" aria-hidden="true">${layout.edges.map((edge) => drawEdge(edge, standing))}</g>
${nodes.map((node) => drawNode(node, placed.get(node.id), longest, standing))}</svg>`;
}

function drawEdge({ from, to, points }: PlacedEdge, standing: boolean): Markup {
  const at = ([along, across]: readonly [number, number]): string =>
    standing ? `${fixed(across)} ${fixed(along)}` : `${fixed(along)} ${fixed(across)}`;
  let path = '';
  points.forEach((point, i) => {
    const previous = points[i - 1];
    if (previous === undefined) path += `M${at(point)}`;
    // Even steps cross the space between two layers, odd ones pass straight through a layer.
    else if (i % 2 === 0) path += `L${at(point)}`;
    else {
      const middle = (previous[0] + point[0]) / 2;
      path += `C${at([middle, previous[1]])} ${at([middle, point[1]])} ${at(point)}`;
    }
  });
  return html`<path data-from="${from}" data-to="${to}" d="${path}"/>`;
}

function drawNode(node: DrawnNode, place: PlacedNode | undefined, longest: number, standing: boolean): Markup {
  if (place === undefined) return html``;
  const outcome = outcomeOf(node);
  const [x, y] = standing ? [place.across, place.along] : [place.along, place.across];
  const told = describe(node);
  const share = node.seconds > 0 ? Math.max(2, (node.seconds / longest) * (box.width - 20)) : 0;
  const time = node.status === 'done' && node.cache === 'miss' ? ` · ${duration(node.seconds)}` : '';
  return html`<a class="node ${outcome}" href="#node-${slug(node.id)}" data-node="${node.id}" transform="translate(${fixed(x)} ${fixed(y)})" aria-label="${told}"><title>${told}</title>
${(node.kind === 'map' || node.label !== undefined) && html`<rect class="behind" x="4" y="-4" width="${box.width}" height="${box.height}" rx="8"/>`}<rect class="box" width="${box.width}" height="${box.height}" rx="8"/>
<text class="name" x="10" y="21">${shorten(node.label ?? node.id, 18)}</text>
<path class="sign" transform="translate(9.5 29)" d="${signs[outcome]}"/><text class="state" x="26" y="39">${shorten(outcomeWord(node) + time, 19)}</text>
${node.attempts > 1 && html`<g class="attempts"><rect x="${box.width - 27}" y="-7" width="22" height="15" rx="7.5"/><text x="${box.width - 16}" y="4">×${node.attempts}</text></g>`}${share > 0 && html`<rect class="share" x="10" y="${box.height - 6}" width="${fixed(share)}" height="2.5" rx="1.25"/>`}</a>
`;
}

/** One sentence a screen reader reads for a node. */
function describe(node: DrawnNode): string {
  const attempts = node.attempts > 1 ? `, ${node.attempts} attempts` : '';
  const time = node.seconds > 0 ? ` in ${duration(node.seconds)}` : '';
  const after = node.deps.length > 0 ? `; after ${node.deps.join(', ')}` : '';
  return `${node.label ?? node.id}${node.kind === 'task' ? '' : ` (${node.kind})`}: ${outcomeWord(node)}${time}${attempts}${node.summary === undefined ? '' : `; ${node.summary}`}${after}`;
}

const shorten = (text: string, length: number): string => (text.length <= length ? text : `${text.slice(0, length - 1)}…`);
const fixed = (value: number): string => String(Math.round(value * 10) / 10);

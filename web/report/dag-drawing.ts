import { drawNode, heightOf } from './dag-boxes.ts';
import { type Layout, layoutGraph, type PlacedEdge } from './dag-layout.ts';
import { type DrawnNode, foldGraph, isLarge } from './fold-graph.ts';
import { html, type Markup } from './markup.ts';
import type { ReportedNode } from './model.ts';
import { counted } from './words.ts';

const margin = 8;
const layerGap = 30;

/** More boxes than this tell nobody anything. */
const mostBoxes = 150;

/** A drawing from left to right that is wider than this would be shrunk until nobody can read it. */
const widest = 1400;

/**
 * From left to right for wide screens, and from top to bottom for narrow ones and paper; the page shows one. A graph that is too wide for any
 * screen is drawn from top to bottom alone, and cut into pages for paper.
 */
export function drawGraph(all: readonly ReportedNode[]): Markup {
  const nodes = foldGraph(all);
  if (nodes.length > mostBoxes)
    return html`<p class="lead">A graph of ${counted(nodes.length, 'node')} is too large to draw; the nodes are listed below.</p>`;
  const width = isLarge(all) ? 166 : 138;
  const heights = new Map(nodes.map((node) => [node.id, heightOf(node)]));
  const height = (id: string): number => heights.get(id) ?? 0;
  const across = layoutGraph(nodes, { sizeOf: (id) => ({ along: width, across: height(id) }), layerGap, boxGap: 16 });
  const down = layoutGraph(nodes, { sizeOf: (id) => ({ along: height(id), across: width }), layerGap, boxGap: 12 });
  const framed = (name: string, drawing: Markup): Markup =>
    html`<div class="graph ${name}" tabindex="0" role="region" aria-label="Graph, scrolls sideways">${drawing}</div>`;
  const standing = draw(nodes, down, true);
  if (across.along > widest) return framed('standing alone', html`${standing}${drawPages(down)}`);
  return html`${framed('lying', draw(nodes, across, false))}\n${framed('standing', standing)}`;
}

function draw(nodes: readonly DrawnNode[], layout: Layout, standing: boolean): Markup {
  const [width, height] = standing ? [layout.across, layout.along] : [layout.along, layout.across];
  const longest = Math.max(1e-9, ...nodes.map(({ members, seconds }) => (members === undefined ? seconds : 0)));
  const placed = new Map(layout.nodes.map((node) => [node.id, node]));
  const [w, h] = [Math.ceil(width) + 2 * margin, Math.ceil(height) + 2 * margin];
  return html`<svg viewBox="${-margin} ${-margin} ${w} ${h}" width="${w}" height="${h}" role="group" aria-label="Graph of ${counted(nodes.length, 'box', 'boxes')}"><g${standing && html` id="${drawing}"`}>
<g class="edges" aria-hidden="true">${layout.edges.map((edge) => drawEdge(edge, standing))}</g>
${nodes.map((node) => drawNode(node, placed.get(node.id), longest, standing))}</g></svg>`;
}

/** Id of the drawing that pages of paper show parts of. */
const drawing = 'standing-graph';
/** Height of a page of paper over its width, less a little. */
const pageShape = 1.3;

/** The drawing once more in parts that fit on pages, cut between layers. */
function drawPages(layout: Layout): Markup {
  const width = Math.ceil(layout.across) + 2 * margin;
  const cuts = pageCuts(layout, width * pageShape);
  const pages = cuts.slice(1).map((to, i) => ({ from: cuts[i] ?? 0, to }));
  return html`${pages.map(({ from, to }) => html`<svg class="page" viewBox="${-margin} ${from} ${width} ${to - from}" aria-hidden="true"><use href="#${drawing}"/></svg>`)}`;
}

/** Where pages begin and end, along the drawing, so that none is higher than `most` unless one layer is. */
export function pageCuts({ nodes, along }: Layout, most: number): number[] {
  const begins = [...new Set(nodes.map((node) => node.along))].sort((a, b) => a - b).slice(1);
  const cuts = [-margin];
  let last: number | undefined;
  for (const gap of [...begins.map((begin) => begin - layerGap / 2), along + margin]) {
    if (last !== undefined && gap - (cuts.at(-1) ?? 0) > most) cuts.push(last);
    last = gap;
  }
  return [...cuts, along + margin];
}

function drawEdge({ from, to, points }: PlacedEdge, standing: boolean): Markup {
  const at = ([along, across]: readonly [number, number]): string =>
    standing ? `${fixed(across)} ${fixed(along)}` : `${fixed(along)} ${fixed(across)}`;
  let path = '';
  points.forEach((point, i) => {
    const previous = points[i - 1];
    if (previous === undefined) path += `M${at(point)}`;
    else if (previous[1] === point[1]) path += `L${at(point)}`;
    else {
      const middle = (previous[0] + point[0]) / 2;
      path += `C${at([middle, previous[1]])} ${at([middle, point[1]])} ${at(point)}`;
    }
  });
  return html`<path data-from="${from}" data-to="${to}" d="${path}"/>`;
}

const fixed = (value: number): string => String(Math.round(value * 10) / 10);

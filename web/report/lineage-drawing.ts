import { html, type Markup } from './markup.ts';
import type { DataCard, ReportedNode, ReportModel } from './model.ts';
import { digest, pairs } from './sections.ts';
import { counted, moment, quantity, slug } from './words.ts';

/** Results that are worth asking about: what trainings made, and what nobody else read. */
const products = (nodes: readonly ReportedNode[]): ReportedNode[] => {
  const read = new Set(nodes.flatMap(({ deps }) => deps));
  return nodes.filter(({ id, queue, outputs = [] }) => outputs.length > 0 && (queue === 'train' || !read.has(id)));
};

/** Every node above one, the nearest first. */
export function above(id: string, nodes: readonly ReportedNode[]): ReportedNode[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const seen = new Set<string>();
  for (const waiting = [...(byId.get(id)?.deps ?? [])]; waiting.length > 0; ) {
    const next = waiting.shift() ?? '';
    if (seen.has(next)) continue;
    seen.add(next);
    waiting.push(...(byId.get(next)?.deps ?? []));
  }
  return [...seen].flatMap((one) => byId.get(one) ?? []);
}

const link = (id: string): Markup => html`<a href="#node-${slug(id)}">${id}</a>`;
const listed = (nodes: readonly ReportedNode[]): Markup[] => nodes.map(({ id }, i) => html`${i > 0 && ', '}${link(id)}`);

/** For each product its content, the data it goes back to, the trainings on the way, and the way itself. */
export function drawLineage(nodes: readonly ReportedNode[], data: ReportModel['data']): Markup | false {
  const beginnings = new Set(data.map(({ node }) => node));
  const shown = products(nodes);
  if (shown.length === 0) return false;
  const rows = shown.map((node) => {
    const way = above(node.id, nodes);
    const origins = way.filter(({ id }) => beginnings.has(id));
    const trainings = way.filter(({ queue }) => queue === 'train');
    return html`<tr><th scope="row">${link(node.id)}</th><td>${(node.outputs ?? []).map((one) => html`<div>${one.name} ${digest(one.digest)}</div>`)}</td><td>${origins.length === 0 ? '–' : listed(origins)}</td><td>${trainings.length === 0 ? '–' : listed(trainings)}</td><td><details><summary>${counted(way.length, 'step')}<span class="unseen"> to ${node.id}</span></summary><ol>${way.map((one) => html`<li>${link(one.id)}</li>`)}</ol></details></td></tr>`;
  });
  return html`<p class="lead">Each content is named by its sha256. <code>sostenuto lineage &lt;digest&gt;</code> prints the whole way back with settings and code; with <code>--forward</code>, what used it.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Lineage"><table class="lineage"><thead><tr><th scope="col">result</th><th scope="col">content</th><th scope="col">data</th><th scope="col">trainings before</th><th scope="col">way, nearest first</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** What is known of the data: where they begin, how many, by which settings and code. */
export function drawDataCards(cards: ReportModel['data']): Markup | false {
  return cards.length > 0 && html`<div class="columns wide">${cards.map(drawCard)}</div>`;
}

function drawCard({ node, task, params, files, bytes, kinds, leftOut, licences, madeAt, code, digests }: DataCard): Markup {
  const kept = Object.entries(kinds).map(([kind, count]) => `${quantity(count)} ${kind}`);
  const settings = typeof params === 'object' && params !== null ? Object.entries(params).filter(([name]) => name !== 'licence') : [];
  return pairs(node, [
    ['made by', task],
    ['made', moment(madeAt)],
    ['files', `${counted(files, 'file')}${Object.keys(kinds).length > 1 || kinds['file'] === undefined ? `: ${kept.join(', ')}` : ''}`],
    ['size', `${quantity(bytes / 1e6)} MB`],
    ...(leftOut > 0 ? [['left out', leftOut] as const] : []),
    ['licence', licences.join('; ') || 'not stated'],
    ...settings.map(([name, value]) => [name, shortened(value)] as const),
    ['code', code.slice(0, 12)],
    ['content', digests.map((one) => one.slice(0, 12)).join(', ')],
  ]);
}

const shortened = (value: unknown): unknown => {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return typeof value === 'number' ? value : text.length > 160 ? `${text.slice(0, 157)}...` : text;
};

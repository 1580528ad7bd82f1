import { outcomeSign } from './dag-boxes.ts';
import { html, type Markup } from './markup.ts';
import type { ReportedMeasure, ReportedNode, ReportModel } from './model.ts';
import { counted, duration, outcomeOf, outcomeWord, quantity, slug } from './words.ts';

/** The measures as cards: a glance, then the table with the notes. */
export function drawScores(measures: readonly ReportedMeasure[]): Markup {
  return html`<ul class="scores">${measures
    .slice(0, 6)
    .map(
      (one) =>
        html`<li><span class="name">${one.name}</span><span class="value">${quantity(one.value)}${one.unit !== undefined && html`<small> ${one.unit}</small>`}</span><span class="sense">${sense(one)}</span></li>`,
    )}</ul>`;
}

/** More measures than these are folded up: tables of exhibits set them side by side. */
const mostMeasures = 24;

export function drawMeasures(measures: readonly ReportedMeasure[]): Markup {
  const rest = measures.slice(mostMeasures);
  return html`${drawMeasureTable(measures.slice(0, mostMeasures))}${rest.length > 0 && html`<details class="data"><summary>${counted(rest.length, 'further measure')}</summary>${drawMeasureTable(rest)}</details>`}`;
}

function drawMeasureTable(measures: readonly ReportedMeasure[]): Markup {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Measures"><table class="measures"><thead><tr><th scope="col">measure</th><th scope="col" class="number">value</th><th scope="col">better</th></tr></thead>
<tbody>${measures.map(
    (one) =>
      html`<tr><th scope="row">${one.name}${one.note !== undefined && html`<small>${one.note}</small>`}</th><td class="number">${quantity(one.value)}${one.unit !== undefined && ` ${one.unit}`}</td><td class="sense">${one.better === undefined ? '' : `${arrow(one)} ${one.better}`}</td></tr>`,
  )}</tbody></table></div>`;
}

const arrow = ({ better }: ReportedMeasure): string => (better === 'lower' ? '↓' : better === 'higher' ? '↑' : '');
const sense = (one: ReportedMeasure): string => (one.better === undefined ? '' : `${arrow(one)} ${one.better} is better`);

/** One row a node; the graph's boxes lead here. */
export function drawNodes(nodes: readonly ReportedNode[]): Markup {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Nodes"><table class="nodes"><thead><tr><th scope="col">node</th><th scope="col">outcome</th><th scope="col" class="number">time</th><th scope="col" class="number">attempts</th><th scope="col">after</th><th scope="col">queue</th><th scope="col">key</th></tr></thead>
<tbody>${nodes.map(
    (node) =>
      html`<tr id="node-${slug(node.id)}"><th scope="row">${node.id}${node.task !== node.id && html`<small>${node.task}${node.kind !== 'task' && ` · ${node.kind}`}</small>`}</th><td class="outcome ${outcomeOf(node)}"><span>${outcomeSign(outcomeOf(node))}${outcomeWord(node)}</span>${node.summary !== undefined && html`<small>${node.summary}</small>`}</td><td class="number">${node.seconds > 0 ? duration(node.seconds) : '–'}</td><td class="number">${node.attempts}</td><td class="after">${node.deps.join(', ')}</td><td>${node.queue}</td><td>${digest(node.key)}</td></tr>`,
  )}</tbody></table></div>`;
}

/** Short to read, whole to copy. */
export const digest = (text: string): Markup | false =>
  text !== '' && html`<code class="digest" title="${text}">${text.slice(0, 12)}<span class="rest">${text.slice(12)}</span></code>`;

/** Nodes that have a reason for not being done. */
export const failedNodes = (nodes: readonly ReportedNode[]): ReportedNode[] =>
  nodes.filter((node) => node.error !== undefined || node.status === 'failed');

export function drawFailures(nodes: readonly ReportedNode[]): Markup {
  return html`${failedNodes(nodes).map(
    (node) =>
      html`<article class="failure"><h3>${outcomeSign('failed')}<a href="#node-${slug(node.id)}">${node.id}</a> ${outcomeWord(node)}${node.attempts > 1 && ` after ${node.attempts} attempts`}</h3><pre>${node.error ?? 'No reason was recorded.'}</pre></article>`,
  )}`;
}

/** What was left out and why, by the node that left it out. */
export function drawQuarantine(quarantined: ReportModel['quarantined']): Markup {
  const byNode = [...new Set(quarantined.map(({ node }) => node))].map((id) => ({
    id,
    items: quarantined.filter(({ node }) => node === id),
  }));
  return html`${byNode.map(
    ({ id, items }) =>
      html`<div class="scroll" tabindex="0" role="region" aria-label="Quarantine of ${id}"><table class="quarantine"><caption>${counted(items.length, 'item')} quarantined by <a href="#node-${slug(id)}">${id}</a>; everything else went on</caption><thead><tr><th scope="col">item</th><th scope="col">reason</th></tr></thead><tbody>${items.map((item) => html`<tr><th scope="row">${item.id}</th><td class="reason">${item.reason}</td></tr>`)}</tbody></table></div>`,
  )}`;
}

/** Settings as lists by their first level, and whole as JSON. */
export function drawSettings(settings: unknown): Markup {
  const groups = Object.entries(isRecord(settings) ? settings : {}).filter(([, value]) => isRecord(value));
  const plain = Object.entries(isRecord(settings) ? settings : {}).filter(([, value]) => !isRecord(value));
  return html`<div class="columns">${plain.length > 0 && pairs('general', plain)}${groups.map(([name, value]) => pairs(name, flatten(value, '')))}</div>
<details class="data"><summary>All settings as JSON</summary><pre class="scroll" tabindex="0">${JSON.stringify(settings, null, 2) ?? ''}</pre></details>`;
}

export function pairs(title: string, entries: readonly (readonly [string, unknown])[]): Markup {
  return html`<section class="pairs"><h3>${title}</h3><dl>${entries.map(([name, value]) => html`<div><dt>${name}</dt><dd>${asText(value)}</dd></div>`)}</dl></section>`;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const flatten = (value: unknown, prefix: string): [string, unknown][] =>
  isRecord(value)
    ? Object.entries(value).flatMap(([name, inner]) => flatten(inner, prefix === '' ? name : `${prefix}.${name}`))
    : [[prefix, value]];
const asText = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? quantity(value) : (JSON.stringify(value) ?? '');

/** The code that ran: one fingerprint a task, and the files it covers. */
export function drawCode(code: ReportModel['code']): Markup {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Code"><table class="code"><thead><tr><th scope="col">task</th><th scope="col">fingerprint</th><th scope="col">source files</th></tr></thead>
<tbody>${Object.entries(code).map(([task, { digest: whole, files }]) => html`<tr><th scope="row">${task}</th><td>${digest(whole)}</td><td>${files.length === 0 ? '–' : html`<details><summary>${counted(files.length, 'file')}</summary><ul>${files.map((file) => html`<li>${file}</li>`)}</ul></details>`}</td></tr>`)}</tbody></table></div>`;
}

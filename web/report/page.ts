import { drawCurve } from './curve-drawing.ts';
import { outcomeSign } from './dag-boxes.ts';
import { drawGraph } from './dag-drawing.ts';
import { drawExhibit } from './exhibit-drawing.ts';
import { isLarge } from './fold-graph.ts';
import { renderPage } from './frame.ts';
import { drawFamily, findFamilies } from './heat-map.ts';
import { drawDataCards, drawLineage } from './lineage-drawing.ts';
import { html, type Markup } from './markup.ts';
import type { Curve, ReportModel } from './model.ts';
import {
  drawCode,
  drawFailures,
  drawMeasures,
  drawNodes,
  drawQuarantine,
  drawScores,
  drawSettings,
  failedNodes,
  pairs,
} from './sections.ts';
import { duration, moment, type Outcome, outcomeOf, quantity, slug } from './words.ts';

interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: Markup | false;
}

/**
 * The report as one HTML page. Styles and scripts are inside; media are expected beside it, in `media/`. It asks nothing of the
 * network, and its policy forbids it.
 */
export function renderReport(model: ReportModel): string {
  const { run } = model;
  const sections = sectionsOf(model).filter(({ body }) => body !== false);
  return renderPage({
    title: `${run.pipeline} · ${run.status} · ${moment(run.startedAt)}`,
    sections,
    body: html`${drawHead(model)}
${sections.map(({ id, title, body }) => html`<section id="${id}" class="part" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>\n${body}</section>\n`)}`,
    footer: html`Written by Sostenuto for run <code>${run.workflowId}</code> · <code>${run.runId}</code>. Everything on this page lies beside it; it works offline.`,
  });
}

function sectionsOf(model: ReportModel): Section[] {
  const { nodes, measures, curves, exhibits, quarantined } = model;
  return [
    { id: 'failures', title: 'What failed', body: failedNodes(nodes).length > 0 && drawFailures(nodes) },
    { id: 'graph', title: 'Graph', body: nodes.length > 0 && html`${legend(model)}${drawGraph(nodes)}` },
    {
      id: 'sounds',
      title: exhibits.some((one) => one.groups.some((group) => group.items.some((item) => item.audio !== undefined)))
        ? 'Sounds'
        : 'Exhibits',
      body: exhibits.length > 0 && html`${exhibits.map((one) => drawExhibit(one))}`,
    },
    { id: 'measures', title: 'Measures', body: measures.length > 0 && drawMeasures(measures) },
    { id: 'training', title: 'Training', body: curves.length > 0 && drawCurves(model) },
    { id: 'quarantine', title: 'Left out', body: quarantined.length > 0 && drawQuarantine(quarantined) },
    { id: 'data', title: 'Data', body: drawDataCards(model.data) },
    { id: 'lineage', title: 'Lineage', body: drawLineage(nodes, model.data) },
    { id: 'nodes', title: 'Nodes', body: nodes.length > 0 && drawNodes(nodes) },
    { id: 'settings', title: 'Settings', body: model.settings !== undefined && drawSettings(model.settings) },
    { id: 'origin', title: 'Origin', body: drawOrigin(model) },
  ];
}

function drawHead({ run, nodes, measures, links }: ReportModel): Markup {
  const count = (outcome: Outcome): number => nodes.filter((node) => outcomeOf(node) === outcome).length;
  const facts: [string, string][] = [
    ['preset', run.preset],
    ['started', moment(run.startedAt)],
    ...(run.scheduled === undefined
      ? []
      : [['schedule', `${run.scheduled.schedule}, for ${moment(run.scheduled.at)}`] satisfies [string, string]]),
    ['took', duration(run.seconds)],
    [
      'nodes',
      [
        `${count('ran')} ran`,
        `${count('reused')} reused`,
        count('failed') > 0 ? `${count('failed')} failed` : '',
        count('idle') > 0 ? `${count('idle')} not run` : '',
      ]
        .filter(Boolean)
        .join(', '),
    ],
  ];
  const temporal =
    links.temporalUi !== undefined &&
    /^https?:\/\//.test(links.temporalUi) &&
    html`<div><dt>history</dt><dd><a href="${links.temporalUi}" rel="noreferrer">Temporal UI</a></dd></div>`;
  return html`<div class="head"><p class="eyebrow"><span class="status ${run.status}">${outcomeSign(run.status === 'done' ? 'ran' : run.status === 'failed' ? 'failed' : 'idle')}${run.status}</span>${run.pipeline}</p>
<h1>${run.headline}</h1>
${run.alert !== undefined && html`<p class="alert" role="note"><b>Regression:</b> ${run.alert}</p>`}
<dl class="facts">${facts.filter(([, value]) => value !== '').map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}${temporal}</dl>
${measures.length > 0 && drawScores(measures)}</div>`;
}

function legend({ nodes }: ReportModel): Markup {
  const kinds: [Outcome, string][] = [
    ['ran', 'ran in this run'],
    ['reused', 'reused: same inputs, settings and code'],
    ['failed', 'failed'],
    ['waiting', 'waiting'],
    ['idle', 'not run'],
  ];
  const present = kinds.filter(([outcome]) => nodes.some((node) => outcomeOf(node) === outcome));
  const details = [
    nodes.some((node) => node.kind === 'map') ? 'a double edge is a map over many elements' : '',
    isLarge(nodes) ? 'nodes of one task share a box, and lines that others imply are left out' : '',
    nodes.some((node) => node.attempts > 1) ? '×2 counts attempts' : '',
    'bars compare times',
  ].filter(Boolean);
  return html`<p class="legend">${present.map(([outcome, words]) => html`<span>${outcomeSign(outcome)}${words}</span>`)}<span class="rest">${details.join(' · ')}</span></p>`;
}

function drawCurves({ curves }: ReportModel): Markup {
  const { families, single } = findFamilies(curves);
  const byNode = [...new Set(curves.map((curve) => curve.node))];
  return html`${byNode.map((node) => {
    const own = single.map((curve, index) => ({ curve, index })).filter(({ curve }) => curve.node === node);
    const charts = own
      .filter(({ curve }) => !isOnce(curve))
      .sort((one, other) => rankOf(one.curve) - rankOf(other.curve))
      .map(({ curve, index }) => drawCurve(curve, index));
    const once = own.filter(({ curve }) => isOnce(curve));
    const maps = families.filter(({ members }) => members[0]?.curve.node === node).map(drawFamily);
    return html`<h3><a class="origin" href="#node-${slug(node)}">${node}</a></h3>${(charts.length > 0 || maps.length > 0) && html`<div class="curves">${charts}${maps}</div>`}${once.length > 0 && drawOnce(once.map(({ curve }) => curve))}`;
  })}`;
}

/** Losses come first. */
const rankOf = ({ name }: Curve): number => (name === 'loss' ? 0 : name.includes('loss') ? 1 : 2);

/** A single point is no curve. */
const isOnce = ({ points, resumePoints = [] }: Curve): boolean =>
  points.length === 1 && points.every(([, value]) => Number.isFinite(value)) && resumePoints.length === 0;

const drawOnce = (curves: readonly Curve[]): Markup =>
  html`<dl class="facts once">${curves.flatMap(({ name, points }) => points.map(([step, value]) => html`<div><dt>${name}</dt><dd>${quantity(value)} <small>at step ${quantity(step)}</small></dd></div>`))}</dl>`;

function drawOrigin({ run, machine, backend, code }: ReportModel): Markup {
  const identity: [string, string][] = [
    ['workflow', run.workflowId],
    ['run', run.runId],
    ['started', run.startedAt],
  ];
  const computer = Object.entries({ ...machine, ...(backend === undefined ? {} : { backend }) });
  return html`<div class="columns wide">${pairs('run', identity)}${computer.length > 0 && pairs('machine', computer)}</div>${Object.keys(code).length > 0 && html`<h3>Code</h3>${drawCode(code)}`}`;
}

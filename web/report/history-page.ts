import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type MeasuredRun, readMeasuredRuns } from '../../engine/history/measured-runs.ts';
import type { Ledger } from '../../engine/ledger/ledger.ts';
import type { Store } from '../../engine/store/store.ts';
import { linearScale } from './chart-scale.ts';
import { renderPage } from './frame.ts';
import { html, type Markup } from './markup.ts';
import { moment, quantity, slug } from './words.ts';

/** One measure over the runs that have it; those of a schedule are apart, because they are about the same clips, or windows of one kind. */
interface Series {
  readonly pipeline: string;
  readonly schedule?: string;
  readonly node: string;
  readonly name: string;
  readonly better?: 'lower' | 'higher';
  readonly points: readonly { readonly run: MeasuredRun; readonly value: number }[];
}

/** Folder of the page below `<home>/reports`. */
export const historyFolder = 'history';

/** Writes the history of every measure into `<home>/reports/history/index.html`; returns its path. */
export async function writeHistory(store: Store, ledger: Pick<Ledger, 'query' | 'isEmpty'>, home: string): Promise<string> {
  const path = join(home, 'reports', historyFolder, 'index.html');
  await mkdir(dirname(path), { recursive: true });
  const fresh = `${path}.${process.pid}`;
  await writeFile(fresh, renderHistory(await readMeasuredRuns(store, ledger)));
  await rename(fresh, path);
  return path;
}

/** The history of each measure: a curve over the runs, and a table that leads to their reports. */
export function renderHistory(runs: readonly MeasuredRun[]): string {
  const series = seriesOf(runs);
  const pipelines = [...new Set(series.map(({ pipeline }) => pipeline))];
  const sections = pipelines.map((pipeline) => ({ id: `of-${slug(pipeline)}`, title: pipeline }));
  return renderPage({
    title: 'History of measures',
    sections,
    body: html`<div class="head"><h1>History of measures</h1><p class="lead">Every run that measured something, in the order of the times that they were scheduled for or started at.</p></div>
${series.length === 0 && html`<p class="lead">No run has measured anything yet.</p>`}
${sections.map(({ id, title }) => html`<section id="${id}" class="part" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>${drawPipeline(series.filter(({ pipeline }) => pipeline === title))}</section>`)}`,
    footer: html`Written by Sostenuto from the ledger; it works offline.`,
  });
}

function seriesOf(runs: readonly MeasuredRun[]): Series[] {
  const found = new Map<string, Series & { points: { run: MeasuredRun; value: number }[] }>();
  for (const run of runs)
    for (const { node, name, better, value } of run.measures) {
      const { pipeline, schedule } = run;
      const key = JSON.stringify([pipeline, schedule, node, name]);
      const own = { ...(schedule === undefined ? {} : { schedule }), ...(better === undefined ? {} : { better }) };
      const one = found.get(key) ?? { pipeline, node, name, ...own, points: [] };
      found.set(key, one);
      one.points.push({ run, value });
    }
  return [...found.values()];
}

/** More curves than these are folded up, node by node. */
const mostOpen = 24;

/** Curves where there is something to compare; what was measured once is a table. */
function drawPipeline(series: readonly Series[]): Markup {
  const curves = series.filter(({ points }) => points.length > 1);
  const once = series.filter(({ points }) => points.length === 1);
  const nodes = [...new Set(curves.map(({ node }) => node))];
  const ofNode = (wanted: string) => curves.filter(({ node }) => node === wanted);
  const drawn =
    curves.length <= mostOpen
      ? html`${curves.map(drawSeries)}`
      : html`${nodes.map((node) => html`<details class="data"><summary>${node}: ${ofNode(node).length} measures</summary>${ofNode(node).map(drawSeries)}</details>`)}`;
  return html`${drawn}${once.length > 0 && drawOnce(once)}`;
}

const drawOnce = (series: readonly Series[]): Markup =>
  html`<details class="data"><summary>${series.length} measures of one run each</summary><div class="scroll" tabindex="0" role="region" aria-label="Measured once"><table><thead><tr><th scope="col">measure</th><th scope="col">node</th><th scope="col" class="number">value</th><th scope="col">for</th><th scope="col">schedule</th><th scope="col">run</th></tr></thead><tbody>${series.flatMap(({ name, node, schedule, points }) => points.map(({ run, value }) => html`<tr><th scope="row">${name}</th><td>${node}</td><td class="number">${quantity(value)}</td><td>${moment(run.at)}</td><td>${schedule ?? '–'}</td><td>${linkTo(run)}</td></tr>`))}</tbody></table></div></details>`;

const size = { width: 560, height: 150, left: 58, right: 12, top: 10, bottom: 16 };
const fixed = (value: number): string => value.toFixed(1);

function drawSeries({ schedule, node, name, better, points }: Series): Markup {
  const of = schedule === undefined ? node : `${node}, schedule ${schedule}`;
  const values = points.map(({ value }) => value).filter(Number.isFinite);
  const y = linearScale(values, size.height - size.bottom, size.top, 4);
  const place = (i: number): number =>
    size.left + (points.length < 2 ? 0.5 : i / (points.length - 1)) * (size.width - size.left - size.right);
  const marks = points.flatMap(({ value }, i) => (Number.isFinite(value) ? [{ x: fixed(place(i)), y: fixed(y.place(value)) }] : []));
  const told = `${name} of ${of} over ${points.length} runs, last ${quantity(points.at(-1)?.value ?? Number.NaN)}`;
  return html`<h3>${name} <small>${of}${better !== undefined && `, ${better} is better`}</small></h3>
<svg class="chart" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${told}"><g class="grid">${y.marks.map((mark) => html`<line x1="${size.left}" x2="${size.width - size.right}" y1="${fixed(y.place(mark))}" y2="${fixed(y.place(mark))}"/>`)}</g><g class="labels y">${y.marks.map((mark) => html`<text x="${size.left - 7}" y="${fixed(y.place(mark) + 4)}">${quantity(mark)}</text>`)}</g><path class="line" d="${marks.map((mark, i) => `${i === 0 ? 'M' : 'L'}${mark.x} ${mark.y}`).join('')}"/>${marks.map((mark) => html`<circle class="dot" cx="${mark.x}" cy="${mark.y}" r="3"/>`)}</svg>
<details class="data"><summary>${points.length} runs<span class="unseen"> of ${name}, ${of}</span></summary><div class="scroll" tabindex="0" role="region" aria-label="Runs of ${name}, ${of}"><table><thead><tr><th scope="col">for</th><th scope="col" class="number">${name}</th><th scope="col">run</th></tr></thead><tbody>${points.toReversed().map(({ run, value }) => html`<tr><th scope="row">${moment(run.at)}</th><td class="number">${quantity(value)}</td><td>${linkTo(run)}</td></tr>`)}</tbody></table></div></details>`;
}

const linkTo = ({ run, report }: MeasuredRun): Markup | string =>
  report === undefined ? run : html`<a href="../${encodeURIComponent(basename(dirname(report)))}/index.html">${run}</a>`;

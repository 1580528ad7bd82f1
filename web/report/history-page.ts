import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type MeasuredRun, type MeasuredValue, readMeasuredRuns } from '../../engine/history/measured-runs.ts';
import type { Ledger } from '../../engine/ledger/ledger.ts';
import type { Store } from '../../engine/store/store.ts';
import { linearScale } from './chart-scale.ts';
import { renderPage } from './frame.ts';
import { html, type Markup } from './markup.ts';
import { counted, moment, quantity, slug } from './words.ts';

/** One measure over the runs that have it; those of a schedule are apart, because they are about the same clips, or windows of one kind. */
interface Series {
  readonly pipeline: string;
  readonly schedule?: string;
  readonly node: string;
  readonly name: string;
  readonly better?: 'lower' | 'higher';
  readonly points: readonly Point[];
}
interface Point {
  readonly run: MeasuredRun;
  readonly value: number;
  readonly interval?: MeasuredValue['interval'];
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
  const found = new Map<string, Series & { points: Point[] }>();
  for (const run of runs)
    for (const { node, name, better, value, interval } of run.measures) {
      const { pipeline, schedule } = run;
      const key = JSON.stringify([pipeline, schedule, node, name]);
      const own = { ...(schedule === undefined ? {} : { schedule }), ...(better === undefined ? {} : { better }) };
      const one = found.get(key) ?? { pipeline, node, name, ...own, points: [] };
      found.set(key, one);
      one.points.push({ run, value, ...(interval === undefined ? {} : { interval }) });
    }
  return [...found.values()];
}

/** Those of each schedule together, by name, then what people started. */
function drawPipeline(series: readonly Series[]): Markup {
  const schedules = [...new Set(series.flatMap(({ schedule }) => schedule ?? []))].sort();
  return html`${[...schedules, undefined].map((wanted) =>
    drawGroup(
      wanted,
      series.filter(({ schedule }) => schedule === wanted),
    ),
  )}`;
}

/** More curves than these are folded up, node by node. */
const mostOpen = 24;

/** Curves where there is something to compare; what was measured once is a table. */
function drawGroup(schedule: string | undefined, series: readonly Series[]): Markup | false {
  const runs = [...new Set(series.flatMap(({ points }) => points.map(({ run }) => run)))];
  const last = runs
    .map(({ at }) => at)
    .sort()
    .at(-1);
  if (last === undefined) return false;
  const curves = series.filter(({ points }) => points.length > 1);
  const once = series.filter(({ points }) => points.length === 1);
  const nodes = [...new Set(curves.map(({ node }) => node))];
  const ofNode = (wanted: string) => curves.filter(({ node }) => node === wanted);
  const drawn =
    curves.length <= mostOpen
      ? drawCurves(curves)
      : html`${nodes.map((node) => html`<details class="data"><summary>${node}: ${counted(ofNode(node).length, 'measure')}</summary>${drawCurves(ofNode(node))}</details>`)}`;
  const title = schedule === undefined ? 'Runs that people started' : `Schedule ${schedule}`;
  return html`<h3>${title} <small class="besides">${counted(runs.length, 'run')}, the last for ${moment(last)}</small></h3>${drawn}${once.length > 0 && drawOnce(once)}`;
}

const drawCurves = (series: readonly Series[]): Markup | false =>
  series.length > 0 && html`<div class="curves">${series.map(drawSeries)}</div>`;

const drawOnce = (series: readonly Series[]): Markup =>
  html`<details class="data"><summary>${counted(series.length, 'measure')} of one run each</summary><div class="scroll" tabindex="0" role="region" aria-label="Measured once"><table><thead><tr><th scope="col">measure</th><th scope="col">node</th><th scope="col" class="number">value</th><th scope="col">95 %</th><th scope="col">for</th><th scope="col">run</th></tr></thead><tbody>${series.flatMap(({ name, node, points }) => points.map((point) => html`<tr><th scope="row">${name}</th><td>${node}</td><td class="number">${quantity(point.value)}</td><td>${within(point)}</td><td>${moment(point.run.at)}</td><td>${linkTo(point.run)}</td></tr>`))}</tbody></table></div></details>`;

const within = ({ interval }: Point): string => (interval === undefined ? '–' : `${quantity(interval.low)} … ${quantity(interval.high)}`);

const size = { width: 360, height: 150, left: 58, right: 12, top: 10, bottom: 16 };
const fixed = (value: number): string => value.toFixed(1);

function drawSeries({ schedule, node, name, better, points }: Series): Markup {
  const of = schedule === undefined ? node : `${node}, schedule ${schedule}`;
  const values = points.flatMap(({ value, interval }) => [value, interval?.low ?? value, interval?.high ?? value]).filter(Number.isFinite);
  const y = linearScale(values, size.height - size.bottom, size.top, 4);
  const place = (i: number): number => size.left + (i / (points.length - 1)) * (size.width - size.left - size.right);
  const marks = points.flatMap(({ value, interval }, i) =>
    Number.isFinite(value) ? [{ x: fixed(place(i)), y: fixed(y.place(value)), interval }] : [],
  );
  const told = `${name} of ${of} over ${points.length} runs, last ${quantity(points.at(-1)?.value ?? Number.NaN)}`;
  const whiskers = marks.map(
    ({ x, interval }) =>
      interval &&
      html`<line class="interval" x1="${x}" x2="${x}" y1="${fixed(y.place(interval.low))}" y2="${fixed(y.place(interval.high))}"/>`,
  );
  return html`<section class="curve"><h4>${name} <small>${node}${better !== undefined && `, ${better} is better`}</small></h4>
<svg class="chart" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${told}"><g class="grid">${y.marks.map((mark) => html`<line x1="${size.left}" x2="${size.width - size.right}" y1="${fixed(y.place(mark))}" y2="${fixed(y.place(mark))}"/>`)}</g><g class="labels y">${y.marks.map((mark) => html`<text x="${size.left - 7}" y="${fixed(y.place(mark) + 4)}">${quantity(mark)}</text>`)}</g>${whiskers}<path class="line" d="${marks.map((mark, i) => `${i === 0 ? 'M' : 'L'}${mark.x} ${mark.y}`).join('')}"/>${marks.map((mark) => html`<circle class="dot" cx="${mark.x}" cy="${mark.y}" r="3"/>`)}</svg>
<details class="data"><summary>${points.length} runs<span class="unseen"> of ${name}, ${of}</span></summary><div class="scroll" tabindex="0" role="region" aria-label="Runs of ${name}, ${of}"><table><thead><tr><th scope="col">for</th><th scope="col" class="number">${name}</th><th scope="col">95 %</th><th scope="col">run</th></tr></thead><tbody>${points.toReversed().map((point) => html`<tr><th scope="row">${moment(point.run.at)}</th><td class="number">${quantity(point.value)}</td><td>${within(point)}</td><td>${linkTo(point.run)}</td></tr>`)}</tbody></table></div></details></section>`;
}

const linkTo = ({ run, report }: MeasuredRun): Markup | string =>
  report === undefined ? run : html`<a href="../${encodeURIComponent(basename(dirname(report)))}/index.html">${run}</a>`;

import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type MeasuredRun, readMeasuredRuns } from '../../engine/history/measured-runs.ts';
import type { Ledger } from '../../engine/ledger/ledger.ts';
import type { Store } from '../../engine/store/store.ts';
import { linearScale } from './chart-scale.ts';
import { renderPage } from './frame.ts';
import { html, type Markup } from './markup.ts';
import { moment, quantity, slug } from './words.ts';

/** One measure over the runs that have it. */
interface Series {
  readonly pipeline: string;
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
${sections.map(({ id, title }) => html`<section id="${id}" class="part" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>${series.filter(({ pipeline }) => pipeline === title).map(drawSeries)}</section>`)}`,
    footer: html`Written by Sostenuto from the ledger; it works offline.`,
  });
}

function seriesOf(runs: readonly MeasuredRun[]): Series[] {
  const found = new Map<string, Series & { points: { run: MeasuredRun; value: number }[] }>();
  for (const run of runs)
    for (const { node, name, better, value } of run.measures) {
      const key = JSON.stringify([run.pipeline, node, name]);
      const one = found.get(key) ?? { pipeline: run.pipeline, node, name, ...(better === undefined ? {} : { better }), points: [] };
      found.set(key, one);
      one.points.push({ run, value });
    }
  return [...found.values()];
}

const size = { width: 560, height: 150, left: 58, right: 12, top: 10, bottom: 16 };
const fixed = (value: number): string => value.toFixed(1);

function drawSeries({ node, name, better, points }: Series): Markup {
  const values = points.map(({ value }) => value).filter(Number.isFinite);
  const y = linearScale(values, size.height - size.bottom, size.top, 4);
  const place = (i: number): number =>
    size.left + (points.length < 2 ? 0.5 : i / (points.length - 1)) * (size.width - size.left - size.right);
  const marks = points.flatMap(({ value }, i) => (Number.isFinite(value) ? [{ x: fixed(place(i)), y: fixed(y.place(value)) }] : []));
  const told = `${name} of ${node} over ${points.length} runs, last ${quantity(points.at(-1)?.value ?? Number.NaN)}`;
  return html`<h3>${name} <small>${node}${better !== undefined && `, ${better} is better`}</small></h3>
<svg class="chart" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${told}"><g class="grid">${y.marks.map((mark) => html`<line x1="${size.left}" x2="${size.width - size.right}" y1="${fixed(y.place(mark))}" y2="${fixed(y.place(mark))}"/>`)}</g><g class="labels y">${y.marks.map((mark) => html`<text x="${size.left - 7}" y="${fixed(y.place(mark) + 4)}">${quantity(mark)}</text>`)}</g><path class="line" d="${marks.map((mark, i) => `${i === 0 ? 'M' : 'L'}${mark.x} ${mark.y}`).join('')}"/>${marks.map((mark) => html`<circle class="dot" cx="${mark.x}" cy="${mark.y}" r="3"/>`)}</svg>
<details class="data"><summary>${points.length} runs<span class="unseen"> of ${name}, ${node}</span></summary><div class="scroll" tabindex="0" role="region" aria-label="Runs of ${name}, ${node}"><table><thead><tr><th scope="col">for</th><th scope="col" class="number">${name}</th><th scope="col">schedule</th><th scope="col">run</th></tr></thead><tbody>${points.toReversed().map(({ run, value }) => html`<tr><th scope="row">${moment(run.at)}</th><td class="number">${quantity(value)}</td><td>${run.schedule ?? '–'}</td><td>${linkTo(run)}</td></tr>`)}</tbody></table></div></details>`;
}

const linkTo = ({ run, report }: MeasuredRun): Markup | string =>
  report === undefined ? run : html`<a href="../${encodeURIComponent(basename(dirname(report)))}/index.html">${run}</a>`;

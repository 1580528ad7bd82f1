import { linearScale, logScale, type Scale } from './chart-scale.ts';
import { type Point, smooth, splitFinite, thinOut } from './curve-data.ts';
import { html, type Markup } from './markup.ts';
import type { Curve } from './model.ts';
import { counted, quantity } from './words.ts';

const size = { width: 420, height: 232, left: 48, right: 12, top: 12, bottom: 28 };
/** From this many points on, the raw curve is noise behind its average. */
const smoothedFrom = 24;
const drawnPoints = 600;
const tabledRows = 100;

/** One curve as a figure: linear and logarithmic drawing (one is shown), its last value, and the numbers as a table. */
export function drawCurve(curve: Curve, index: number): Markup {
  const { finite, broken } = splitFinite(curve.points);
  const last = finite.at(-1);
  if (last === undefined)
    return html`<figure class="curve"><figcaption><b>${curve.name}</b> <span>no finite value</span></figcaption></figure>`;
  const averaged = finite.length >= smoothedFrom ? smooth(finite) : undefined;
  const least = finite.reduce((best, point) => (point[1] < best[1] ? point : best), last);
  const values = finite.map(([, value]) => value);
  const vertical = (make: typeof logScale | typeof linearScale) => make(values, size.height - size.bottom, size.top, 4);
  const logarithmic = vertical(logScale);
  const told = `${curve.name} of ${curve.node}: ${quantity(finite[0]?.[1] ?? 0)} at step ${quantity(finite[0]?.[0] ?? 0)}, ${quantity(last[1])} at step ${quantity(last[0])}, lowest ${quantity(least[1])} at step ${quantity(least[0])}`;
  const chart = (y: Scale, kind: string) => drawChart({ told, finite, averaged, resumes: curve.resumePoints ?? [], y, kind });
  const toggle = html`<label class="toggle"><input type="checkbox" class="log" id="log-${index}"> log</label>`;
  return html`<figure class="curve" data-points="${JSON.stringify(thinOut(finite, drawnPoints))}"><figcaption><b>${curve.name}</b> <output class="reading">${quantity(averaged?.at(-1)?.[1] ?? last[1])}${averaged && ' smoothed'} at step ${quantity(last[0])}</output>${logarithmic && toggle}</figcaption>
${chart(linearScale(values, size.height - size.bottom, size.top, 4), 'linear')}${logarithmic && chart(logarithmic, 'logarithmic')}
${(curve.resumePoints?.length ?? 0) > 0 && html`<p class="note"><span class="tick" aria-hidden="true"></span>continued from a checkpoint at step ${(curve.resumePoints ?? []).map((step) => quantity(step)).join(', ')}</p>`}${broken.length > 0 && html`<p class="note bad">${counted(broken.length, 'value')} not finite, first at step ${quantity(broken[0]?.[0] ?? 0)}</p>`}
${table(curve, finite)}</figure>`;
}

interface Chart {
  readonly told: string;
  readonly finite: readonly Point[];
  readonly averaged: readonly Point[] | undefined;
  readonly resumes: readonly number[];
  readonly y: Scale;
  readonly kind: string;
}

function drawChart({ told, finite, averaged, resumes, y, kind }: Chart): Markup {
  const x = linearScale(
    finite.map(([step]) => step),
    size.left,
    size.width - size.right,
    5,
    0,
  );
  const line = (points: readonly Point[]): string =>
    points.map(([step, value], i) => `${i === 0 ? 'M' : 'L'}${fixed(x.place(step))} ${fixed(y.place(value))}`).join('');
  const bottom = size.height - size.bottom;
  const raw = thinOut(finite, drawnPoints);
  const [first] = finite;
  return html`<svg class="chart ${kind}" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${told}" data-left="${fixed(x.place(first?.[0] ?? 0))}" data-right="${fixed(x.place(finite.at(-1)?.[0] ?? 0))}">
<g class="grid">${y.marks.map((mark) => html`<line x1="${size.left}" x2="${size.width - size.right}" y1="${fixed(y.place(mark))}" y2="${fixed(y.place(mark))}"/>`)}</g>
<g class="labels y">${y.marks.map((mark) => html`<text x="${size.left - 7}" y="${fixed(y.place(mark) + 4)}">${label(mark)}</text>`)}</g>
<g class="labels x">${x.marks.map((mark) => html`<text x="${fixed(x.place(mark))}" y="${bottom + 18}">${label(mark)}</text>`)}</g>
<path class="${averaged ? 'raw' : 'line'}" d="${line(raw)}"/>${averaged && html`<path class="line" d="${line(thinOut(averaged, drawnPoints))}"/>`}${finite.length === 1 && first && html`<circle class="dot" cx="${fixed(x.place(first[0]))}" cy="${fixed(y.place(first[1]))}" r="3"/>`}
${resumes.map((step) => html`<g class="resume"><title>continued from a checkpoint at step ${quantity(step)}</title><line x1="${fixed(x.place(step))}" x2="${fixed(x.place(step))}" y1="${size.top}" y2="${bottom}"/><path d="M${fixed(x.place(step) - 4)} ${bottom + 1}h8l-4 -6z"/></g>`)}<g class="pointer"><line y1="${size.top}" y2="${bottom}"/></g></svg>`;
}

function table(curve: Curve, finite: readonly Point[]): Markup {
  const rows =
    finite.length <= tabledRows
      ? finite
      : finite.filter((_, i) => i % Math.ceil(finite.length / tabledRows) === 0 || i === finite.length - 1);
  return html`<details class="data"><summary>${rows.length === finite.length ? counted(finite.length, 'point') : `${quantity(rows.length)} of ${counted(finite.length, 'point')}`}<span class="unseen"> of ${curve.name} as a table</span></summary><div class="scroll" tabindex="0" role="region" aria-label="Points of ${curve.name}"><table><thead><tr><th scope="col">step</th><th scope="col">${curve.name}</th></tr></thead><tbody>${rows.map(([step, value]) => html`<tr><td>${quantity(step)}</td><td>${quantity(value)}</td></tr>`)}</tbody></table></div></details>`;
}

/** Short enough for the margin of a chart. */
function label(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(3))}k`;
  return size !== 0 && size < 1e-3 ? value.toExponential(0) : String(Number(value.toPrecision(4)));
}

const fixed = (value: number): string => String(Math.round(value * 10) / 10);

import { extent, linearScale } from './chart-scale.ts';
import { html, type Markup } from './markup.ts';
import type { Curve } from './model.ts';
import { quantity } from './words.ts';

/** Curves of one quantity in equal parts of something: `loss at t 0/8` … `loss at t 7/8`. */
export interface Family {
  readonly name: string;
  readonly parts: number;
  readonly members: readonly { readonly part: number; readonly curve: Curve }[];
}

/** Takes families of at least three curves out; the other curves stay as they are. */
export function findFamilies(curves: readonly Curve[]): { families: Family[]; single: Curve[] } {
  const named = curves.map((curve) => ({ curve, match: /^(.+) (\d+)\/(\d+)$/.exec(curve.name) }));
  const families = new Map<string, { name: string; parts: number; members: { part: number; curve: Curve }[] }>();
  for (const { curve, match } of named) {
    if (match === null) continue;
    const [, name = '', part, parts] = match;
    const id = `${curve.node} ${name} ${parts}`;
    const family = families.get(id) ?? { name, parts: Number(parts), members: [] };
    families.set(id, family);
    family.members.push({ part: Number(part), curve });
  }
  const whole = [...families.values()].filter(({ members }) => members.length >= 3);
  const taken = new Set(whole.flatMap(({ members }) => members.map(({ curve }) => curve)));
  return { families: whole, single: curves.filter((curve) => !taken.has(curve)) };
}

const size = { width: 420, height: 232, left: 48, right: 12, top: 12, bottom: 28 };
const columnsAtMost = 60;

/** The family as a heat map: steps to the right, parts upwards, stronger for more. The numbers are in a table below. */
export function drawFamily({ name, parts, members }: Family): Markup {
  const steps = [...new Set(members.flatMap(({ curve }) => curve.points.map(([step]) => step)))].sort((a, b) => a - b);
  const each = Math.ceil(steps.length / columnsAtMost);
  const columns = Array.from({ length: Math.ceil(steps.length / each) }, (_, i) => steps.slice(i * each, (i + 1) * each));
  const cells = members.flatMap(({ part, curve }) => {
    const values = new Map(curve.points);
    return columns.flatMap((column, x) => {
      const found = column.flatMap((step) => values.get(step) ?? []).filter(Number.isFinite);
      return found.length === 0 ? [] : [{ x, part, value: found.reduce((sum, value) => sum + value, 0) / found.length }];
    });
  });
  const [least, most] = extent(cells.map(({ value }) => value));
  const width = (size.width - size.left - size.right) / Math.max(1, columns.length);
  const height = (size.height - size.top - size.bottom) / parts;
  const bottom = size.height - size.bottom;
  const opacity = (value: number): string => (0.06 + 0.94 * ((value - least) / (most - least || 1))).toFixed(3);
  const scale = linearScale(steps, size.left, size.width - size.right, 5, 0);
  const told = `${name}: ${quantity(least)} to ${quantity(most)} over ${quantity(steps.length)} steps, in ${parts} parts`;
  return html`<figure class="curve"><figcaption><b>${name}</b> <span class="reading"><span class="ramp" aria-hidden="true"></span>${quantity(least)} to ${quantity(most)}</span></figcaption>
<svg class="chart heat" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${told}">
<g class="labels y">${Array.from({ length: parts + 1 }, (_, i) => i)
    .filter((i) => i % Math.ceil(parts / 4) === 0)
    .map((i) => html`<text x="${size.left - 7}" y="${fixed(bottom - i * height + 4)}">${Number((i / parts).toPrecision(3))}</text>`)}</g>
<g class="labels x">${scale.marks.map((mark) => html`<text x="${fixed(scale.place(mark))}" y="${bottom + 18}">${quantity(mark)}</text>`)}</g>
<g class="cells">${cells.map(({ x, part, value }) => html`<rect x="${fixed(size.left + x * width)}" y="${fixed(bottom - (part + 1) * height)}" width="${fixed(width + 0.15)}" height="${fixed(height + 0.15)}" fill-opacity="${opacity(value)}"/>`)}</g></svg>
${table(name, parts, columns, cells)}</figure>`;
}

function table(
  name: string,
  parts: number,
  columns: readonly number[][],
  cells: readonly { x: number; part: number; value: number }[],
): Markup {
  const values = new Map(cells.map(({ x, part, value }) => [`${x} ${part}`, value]));
  const all = Array.from({ length: parts }, (_, part) => part);
  return html`<details class="data"><summary>${parts} parts<span class="unseen"> of ${name} as a table</span></summary><div class="scroll" tabindex="0" role="region" aria-label="${name}"><table><thead><tr><th scope="col">step</th>${all.map((part) => html`<th scope="col">${part}/${parts}</th>`)}</tr></thead><tbody>${columns.map((column, x) => html`<tr><th scope="row">${quantity(column.at(-1) ?? 0)}</th>${all.map((part) => html`<td>${quantity(values.get(`${x} ${part}`) ?? Number.NaN)}</td>`)}</tr>`)}</tbody></table></div></details>`;
}

const fixed = (value: number): string => String(Math.round(value * 10) / 10);

import { drawExhibit } from './exhibit-drawing.ts';
import { renderPage } from './frame.ts';
import { html, type Markup } from './markup.ts';
import type { Exhibit, ExhibitGroup, ExhibitItem, ExhibitTable } from './model.ts';
import { moment } from './words.ts';

/** Two runs set side by side: tables, and for every clip the sounds of both. */
export interface ComparisonModel {
  readonly runs: readonly [ComparedRunModel, ComparedRunModel];
  readonly tables: readonly ExhibitTable[];
  readonly exhibits: readonly Exhibit[];
}
export interface ComparedRunModel {
  readonly workflowId: string;
  readonly pipeline: string;
  readonly preset: string;
  readonly status: string;
  readonly startedAt: string;
}

/** The comparison as a page with media beside it, in the frame of a report. */
export function renderComparison({ runs: [first, second], tables, exhibits }: ComparisonModel): string {
  const facts = (name: string, run: ComparedRunModel): Markup =>
    html`<div><dt>${name}</dt><dd>${run.workflowId} · ${run.preset} · ${run.status} · ${moment(run.startedAt)}</dd></div>`;
  const figures: Exhibit = { node: 'differences', title: 'What differs', groups: [], tables };
  return renderPage({
    title: `${first.workflowId} and ${second.workflowId}`,
    sections: [{ id: 'differences', title: 'Differences' }, ...(exhibits.length > 0 ? [{ id: 'sounds', title: 'Sounds' }] : [])],
    body: html`<div class="head"><p class="eyebrow">${first.pipeline}</p><h1>Two runs side by side</h1><dl class="facts">${facts('first', first)}${facts('second', second)}</dl></div>
<section id="differences" class="part" aria-labelledby="differences-title"><h2 id="differences-title">Differences</h2>${drawExhibit(figures, () => false)}</section>
${exhibits.length > 0 && html`<section id="sounds" class="part" aria-labelledby="sounds-title"><h2 id="sounds-title">Sounds</h2>${exhibits.map((one) => drawExhibit(one, () => false))}</section>`}`,
    footer: html`Written by Sostenuto. Everything on this page lies beside it; it works offline.`,
  });
}

/** The exhibits of two runs as one: clips of the same title stand together, each version once for either run, or once for both if it is the same sound. */
export function pairExhibits(
  first: readonly Exhibit[],
  second: readonly Exhibit[],
  isSame: (first: string, second: string) => boolean,
): Exhibit[] {
  return first.flatMap((exhibit): Exhibit[] => {
    const other = second.find(({ node, title }) => node === exhibit.node && title === exhibit.title);
    if (other === undefined) return [];
    const groups = exhibit.groups.flatMap((group): ExhibitGroup[] => {
      const match = other.groups.find(({ title }) => title === group.title);
      if (match === undefined) return [];
      const items = group.items.flatMap((item): ExhibitItem[] => {
        const other = match.items.find(({ title }) => title === item.title);
        const of = (one: ExhibitItem, run: string) => ({ ...one, title: `${one.title}, ${run}` });
        if (other?.audio !== undefined && item.audio !== undefined && isSame(item.audio, other.audio)) return [of(item, 'both runs')];
        return [of(item, 'first run'), ...(other === undefined ? [] : [of(other, 'second run')])];
      });
      return [{ title: group.title, items }];
    });
    return groups.length === 0 ? [] : [{ node: exhibit.node, title: exhibit.title, groups }];
  });
}

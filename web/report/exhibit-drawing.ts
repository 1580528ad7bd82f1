import { html, type Markup } from './markup.ts';
import type { Exhibit, ExhibitGroup, ExhibitItem, ExhibitRoll, ExhibitTable } from './model.ts';
import { quantity, slug } from './words.ts';

const linkToNode = (node: string): Markup => html` <a class="origin" href="#node-${slug(node)}">from ${node}</a>`;

/** Sounds side by side, and what else a node wants to show; `originOf` says which node it was. */
export function drawExhibit(exhibit: Exhibit, originOf: (node: string) => Markup | false = linkToNode): Markup {
  const heard = exhibit.groups.some((group) => group.items.some((item) => item.audio !== undefined));
  return html`<section class="exhibit" id="exhibit-${slug(exhibit.node)}" aria-label="${exhibit.title}">
<h3>${exhibit.title}${originOf(exhibit.node)}</h3>
${exhibit.note !== undefined && html`<p class="lead">${exhibit.note}</p>`}
${(exhibit.tables ?? []).map(drawTable)}
${heard && html`<div class="keys scripted"><p><kbd>1</kbd>–<kbd>9</kbd> switch version at the same position · <kbd>space</kbd> play or pause · <kbd>←</kbd> <kbd>→</kbd> seek · <kbd>↑</kbd> <kbd>↓</kbd> other clip</p><label class="toggle"><input type="checkbox" class="match" checked> match loudness</label></div>`}
${exhibit.groups.some(isCompared) && html`<p class="legend rolls"><span class="both">played and heard</span><span class="here">heard only</span><span class="there">played only</span></p>`}
${exhibit.groups.map(drawGroup)}</section>`;
}

const isCompared = ({ items }: ExhibitGroup): boolean => items.some(({ rolls = [] }) => rolls.some(({ against }) => against !== undefined));

function drawGroup(group: ExhibitGroup): Markup {
  const hearable = group.items.some((item) => item.audio !== undefined);
  return html`<article class="${hearable ? 'group heard' : 'group'}" aria-label="${group.title}"${hearable && html` tabindex="0"`}>
<header><h4>${group.title}</h4>${hearable && html`<div class="transport scripted"><button type="button" class="play" aria-label="Play ${group.title}"><svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path class="when-paused" d="M4 2.2v11.6L13.5 8z"/><path class="when-playing" d="M3.5 2.5h3v11h-3zM9.5 2.5h3v11h-3z"/></svg></button><span class="time" aria-live="off">0.0 s</span></div>`}</header>
<div class="versions">${group.items.map((item, i) => drawItem(item, i, group.title))}</div></article>`;
}

function drawItem(item: ExhibitItem, index: number, group: string): Markup {
  const picture = item.spectrogram?.image ?? item.image;
  const told =
    item.spectrogram === undefined
      ? `${item.title} of ${group}`
      : `Spectrogram of ${item.title}, ${group}: ${item.spectrogram.seconds.toFixed(1)} s, ${levelOf(item.spectrogram.level)}`;
  const { spectrogram } = item;
  return html`<figure class="version"${item.audio !== undefined && html` data-level="${spectrogram?.level ?? ''}"`}>
${picture !== undefined && html`<div class="picture"><img src="${media(picture)}" alt="${told}" loading="lazy"${spectrogram && html` width="448" height="112"`}><span class="playhead" hidden></span>${spectrogram && html`<span class="scale" aria-hidden="true">${Math.round(spectrogram.highestHz / 1000)} kHz</span>`}</div>`}
<figcaption>${item.audio === undefined ? html`<b>${item.title}</b>` : html`<button type="button" class="choose scripted" aria-pressed="${index === 0 ? 'true' : 'false'}">${index < 9 && html`<kbd>${index + 1}</kbd>`}${item.title}</button><b class="unscripted">${item.title}</b>`}${spectrogram && html`<span class="facts">${spectrogram.seconds.toFixed(1)} s · ${levelOf(spectrogram.level)}</span>`}</figcaption>
${item.audio !== undefined && html`<audio controls preload="metadata" src="${media(item.audio)}"></audio>`}${item.video !== undefined && html`<video controls preload="metadata" src="${media(item.video)}"></video>`}${item.image !== undefined && spectrogram !== undefined && html`<img class="extra" src="${media(item.image)}" alt="${item.title} of ${group}" loading="lazy">`}
${(item.rolls ?? []).map((roll) => drawRoll(roll, item.title, group))}${item.caption !== undefined && html`<p class="caption">${item.caption}</p>`}${numbers(item.numbers)}</figure>`;
}

function drawRoll({ title, picture }: ExhibitRoll, version: string, group: string): Markup {
  if (picture === undefined) return html`<p class="caption">${title}: this roll cannot be shown</p>`;
  return html`<div class="roll"><img src="${media(picture.image)}" alt="Piano roll, ${title} of ${version}, ${group}: ${picture.told}" loading="lazy" width="448" height="84"><span>${title}</span></div>`;
}

function numbers(values: ExhibitItem['numbers']): Markup | false {
  const entries = Object.entries(values ?? {});
  return (
    entries.length > 0 &&
    html`<dl class="numbers">${entries.map(([name, value]) => html`<div><dt>${name}</dt><dd>${quantity(value)}</dd></div>`)}</dl>`
  );
}

function drawTable(table: ExhibitTable): Markup {
  const numeric = table.columns.map(
    (_, i) => table.rows.length > 0 && table.rows.every((row) => typeof row[i] === 'number' || row[i] === null),
  );
  const align = (i: number) => numeric[i] === true && html` class="number"`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${table.title}"><table><caption>${table.title}</caption><thead><tr>${table.columns.map((column, i) => html`<th scope="col"${align(i)}>${column}</th>`)}</tr></thead>
<tbody>${table.rows.map((row) => html`<tr>${table.columns.map((_, i) => html`<td${align(i)}>${cell(row[i])}</td>`)}</tr>`)}</tbody></table></div>`;
}

const cell = (value: string | number | null | undefined): string =>
  value === null || value === undefined ? '–' : typeof value === 'number' ? quantity(value) : value;
const levelOf = (level: number): string => (level <= -120 ? 'silent' : `${level.toFixed(1).replace('-', '−')} dBFS`);

/** Address of a medium relative to the page; every part is encoded, so that a name can't lead out of `media/`. */
const media = (name: string): string => `media/${name.split('/').map(encodeURIComponent).join('/')}`;

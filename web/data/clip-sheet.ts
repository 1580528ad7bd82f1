import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MediaOptions } from '../../datasets/media/probe.ts';
import type { Absent, Entry, Split } from '../../datasets/sources/source.ts';
import { hash32 } from '../../numeric/random.ts';
import { renderPage } from '../report/frame.ts';
import { html, type Markup } from '../report/markup.ts';
import { tellRoll } from '../report/piano-roll.ts';
import { counted, duration } from '../report/words.ts';
import { type Pictured, pictureClip } from './picture-clip.ts';

export interface Sheet {
  /** Name of the source, for the title. */
  readonly source: string;
  readonly root: string;
  readonly entries: readonly Entry[];
  readonly absent: readonly Absent[];
  /** Clips to show, at most. */
  readonly count: number;
}
interface Shown {
  readonly entry: Entry;
  readonly pictured: Pictured;
}

const SPLITS: readonly Split[] = ['train', 'validation', 'test'];

/** Writes `index.html` and the media it shows into a folder; gives the page's path and how many clips it shows. */
export async function writeClipSheet(sheet: Sheet, folder: string, options: MediaOptions = {}): Promise<{ page: string; shown: number }> {
  await mkdir(join(folder, 'media'), { recursive: true });
  const shown: Shown[] = [];
  for (const [index, entry] of chooseClips(sheet.entries, sheet.count).entries()) {
    options.signal?.throwIfAborted();
    const place = (path: string | undefined) => path && join(sheet.root, path);
    const files = { ...entry, media: join(sheet.root, entry.media), audio: place(entry.audio), midi: place(entry.midi) };
    // Ids may be anything: files are named by their place on the page.
    const name = String(index).padStart(4, '0');
    shown.push({ entry, pictured: await pictureClip(files, join(folder, 'media'), name, options) });
  }
  const page = join(folder, 'index.html');
  await writeFile(page, renderSheet(sheet, shown));
  return { page, shown: shown.length };
}

/** Clips of each split in turn, in the order of a hash of their ids: the same ones each time. */
export function chooseClips(entries: readonly Entry[], count: number): Entry[] {
  const order = (entry: Entry) => hash32(entry.id);
  const bySplit = SPLITS.map((split) => entries.filter((entry) => entry.split === split).sort((a, b) => order(a) - order(b)));
  const chosen = SPLITS.map((): Entry[] => []);
  let left = Math.min(count, entries.length);
  for (let round = 0; left > 0; round++) {
    for (const [index, members] of bySplit.entries()) {
      const next = members[round];
      if (next === undefined || left === 0) continue;
      chosen[index]?.push(next);
      left--;
    }
  }
  return chosen.flat();
}

/** The page; pure. */
export function renderSheet({ source, root, entries, absent }: Sheet, shown: readonly Shown[]): string {
  const sections = SPLITS.filter((split) => shown.some(({ entry }) => entry.split === split));
  const facts: [string, string][] = [
    ['folder', root],
    ['clips', SPLITS.map((split) => `${entries.filter((entry) => entry.split === split).length} ${split}`).join(', ')],
    ['left out', String(absent.length)],
  ];
  const body = html`<header class="head"><p class="eyebrow">Data</p><h1>${source}</h1>
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></header>
${sections.map((split) => {
  const clips = shown.filter(({ entry }) => entry.split === split);
  return html`<section class="part" id="${split}"><h2>${split}</h2><ul class="clips">${clips.map(drawClip)}</ul></section>`;
})}
${absent.length > 0 && drawAbsent(absent)}`;
  return renderPage({ title: `${source} – data`, sections: sections.map((split) => ({ id: split, title: split })), body });
}

function drawClip({ entry, pictured }: Shown): Markup {
  const { thumbnails, outline, sound, roll, rollPicture, seconds, problems } = pictured;
  const details = [
    entry.set,
    seconds === undefined ? '' : duration(seconds),
    entry.label ?? '',
    entry.pianist && `pianist ${entry.pianist}`,
  ];
  const [caption, ...others] = entry.captions;
  return html`<li><h4>${entry.id}</h4><p class="details">${details.filter(Boolean).join(' · ')}</p>
${thumbnails.length > 0 && html`<div class="film">${thumbnails.map((name) => html`<img src="media/${name}" alt="" loading="lazy">`)}</div>`}
${outline.length > 0 && drawOutline(outline, entry.id)}
${roll && rollPicture && html`<figure class="roll"><img src="media/${rollPicture}" alt="Piano roll: ${tellRoll(roll)}" loading="lazy"></figure>`}
${sound && html`<audio controls preload="none" src="media/${sound}" aria-label="Sound of ${entry.id}"></audio>`}
<p class="caption">${caption === '' || caption === undefined ? html`<em>no caption</em>` : caption}</p>
${others.length > 0 && html`<details><summary>${counted(others.length, 'more caption')}</summary>${others.map((text) => html`<p class="caption">${text}</p>`)}</details>`}
${problems.map((text) => html`<p class="problem">${text}</p>`)}</li>`;
}

/** A wave as a closed path, symmetric about the middle. */
function drawOutline(outline: readonly number[], id: string): Markup {
  const [height, top] = [48, outline.map((value, x) => `${x},${(24 - 23 * value).toFixed(1)}`)];
  const bottom = outline.map((value, x) => `${x},${(24 + 23 * value).toFixed(1)}`).reverse();
  return html`<svg class="wave" viewBox="0 0 ${outline.length} ${height}" preserveAspectRatio="none" role="img" aria-label="Loudness of ${id}"><polygon points="${[...top, ...bottom].join(' ')}"/></svg>`;
}

const MOST_ROWS = 200;
function drawAbsent(absent: readonly Absent[]): Markup {
  const rows = absent.slice(0, MOST_ROWS);
  return html`<section class="part" id="absent"><h2>Left out</h2><div class="scroll" tabindex="0" role="region" aria-label="Clips left out"><table><caption>${counted(absent.length, 'clip')}${absent.length > MOST_ROWS && `, of which the first ${MOST_ROWS}`}</caption><thead><tr><th scope="col">clip</th><th scope="col">split</th><th scope="col">reason</th><th scope="col">detail</th></tr></thead>
<tbody>${rows.map((one) => html`<tr><th scope="row">${one.id}</th><td>${one.split ?? ''}</td><td>${one.reason}</td><td>${one.detail}</td></tr>`)}</tbody></table></div></section>`;
}

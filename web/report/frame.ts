import { createHash } from 'node:crypto';
import { clientScript, styleSheet } from './assets.ts';
import { html, type Markup, trusted } from './markup.ts';

export interface Page {
  readonly title: string;
  /** Offered in the bar at the top. */
  readonly sections?: readonly { readonly id: string; readonly title: string }[];
  readonly body: Markup;
  readonly footer?: Markup;
}

/** What all pages share: bar, styles, scripts, and a policy that allows nothing but these and the media beside the page. */
export function renderPage({ title, sections = [], body, footer }: Page): string {
  const style = styleSheet();
  const script = clientScript();
  const policy = `default-src 'none'; img-src 'self' file: data:; media-src 'self' file:; style-src '${hashOf(style)}'; script-src '${hashOf(script)}'; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${trusted(style)}</style></head>
<body><a class="skip" href="#main">Skip to the content</a>
<header class="top"><div class="brand">${mark}<span>Sostenuto</span></div>${sections.length > 0 && html`<nav aria-label="Sections">${sections.map((section) => html`<a href="#${section.id}">${section.title}</a>`)}</nav>`}</header>
<main id="main">${body}</main>
${footer && html`<footer><p>${mark} <span>${footer}</span></p></footer>`}
<script>${trusted(script)}</script></body></html>
`.markup;
}

/** A held note above notes that move on. */
const mark = html`<svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><rect x="2" y="4.5" width="20" height="4.6" rx="2.3"/><rect x="2" y="14.9" width="4.6" height="4.6" rx="2.3"/><rect x="9.7" y="14.9" width="4.6" height="4.6" rx="2.3"/><rect x="17.4" y="14.9" width="4.6" height="4.6" rx="2.3"/></svg>`;

const hashOf = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;

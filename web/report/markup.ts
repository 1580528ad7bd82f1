/** Text that is already HTML or SVG. Everything else is escaped when it is inserted. */
export interface Markup {
  readonly markup: string;
}
export type Insert = string | number | undefined | false | Markup | readonly Insert[];

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** For text and for attributes in quotes. Control characters that HTML does not allow become spaces. */
export const escapeMarkup = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => entities[character] ?? '').replace(/(?![\t\n\r])\p{Cc}/gu, ' ');

/** Template tag: html`<p title="${hostile}">${list.map(...)}</p>`. Attributes must be in double quotes. */
export function html(parts: TemplateStringsArray, ...inserts: readonly Insert[]): Markup {
  let markup = parts[0] ?? '';
  inserts.forEach((insert, i) => {
    markup += insertion(insert) + (parts[i + 1] ?? '');
  });
  return { markup };
}

/** Marks text as HTML. Only for text that this folder made itself. */
export const trusted = (markup: string): Markup => ({ markup });

function insertion(insert: Insert): string {
  if (insert === undefined || insert === false) return '';
  if (typeof insert === 'string') return escapeMarkup(insert);
  if (typeof insert === 'number') return String(insert);
  if ('markup' in insert) return insert.markup;
  return insert.map(insertion).join('');
}

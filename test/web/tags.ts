/** Just enough of HTML to check a page of one's own: tags in order, with their attributes. */
export interface Tag {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** Text up to the next tag. */
  readonly text: string;
}

const withoutEnd = new Set(['meta', 'link', 'img', 'input', 'br']);

/** Reads a page strictly. Throws for tags that are not closed in order, and for `<` or `"` where text should be escaped. */
export function readTags(page: string): Tag[] {
  const tags: Tag[] = [];
  const open: string[] = [];
  const source = page.replace(/^<!doctype html>\n/, '').replace(/<(style|script)>.*?<\/\1>/gs, '<$1></$1>');
  const pattern = /<(\/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s+[a-zA-Z][a-zA-Z0-9-]*(?:="[^"<>]*")?)*)\s*(\/?)>([^<]*)/gy;
  while (pattern.lastIndex < source.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(source);
    if (match === null) throw new Error(`no tag at: ${source.slice(at, at + 120)}`);
    const [, end, name = '', attributes = '', empty, text = ''] = match;
    if (end === '/') {
      const opened = open.pop();
      if (opened !== name) throw new Error(`</${name}> closes <${opened}>`);
      continue;
    }
    tags.push({
      name,
      attributes: new Map(
        [...attributes.matchAll(/([a-zA-Z][a-zA-Z0-9-]*)(?:="([^"]*)")?/g)].map(([, key = '', value = '']) => [key, decode(value)]),
      ),
      text: decode(text),
    });
    if (empty === '' && !withoutEnd.has(name)) open.push(name);
  }
  if (open.length > 0) throw new Error(`never closed: ${open.join(', ')}`);
  return tags;
}

const decode = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');

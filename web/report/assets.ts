import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildSync, transformSync } from 'esbuild';

let style: string | undefined;
let script: string | undefined;

/** In the order in which they override each other. */
const sheets = ['base', 'frame', 'graph', 'tables', 'exhibits', 'rolls', 'clips', 'curves', 'settings', 'narrow', 'print'];

/** The page's style sheet, minified. */
export function styleSheet(): string {
  style ??= inline(
    transformSync(sheets.map((name) => readFileSync(new URL(`./style/${name}.css`, import.meta.url), 'utf8')).join('\n'), {
      loader: 'css',
      minify: true,
    }).code,
  );
  return style;
}

/** The page's scripts from `client/`, in one piece. */
export function clientScript(): string {
  script ??= inline(
    buildSync({
      entryPoints: [fileURLToPath(new URL('./client/page.ts', import.meta.url))],
      bundle: true,
      write: false,
      minify: true,
      format: 'iife',
      target: 'es2022',
      tsconfigRaw: '{}',
    })
      .outputFiles.map((file) => file.text)
      .join(''),
  );
  return script;
}

/** Text between tags must not hold an end tag. */
const inline = (text: string): string => text.replaceAll('</', '<\\/').trim();

import { readFileSync } from 'node:fs';
import { dirname, extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Loader, Plugin } from 'esbuild';

/** For esbuild's `define`: what `keepPlaces` puts in the place of these. */
export const definedPlaces = {
  'import.meta.url': '__sourceUrl',
  'import.meta.dirname': '__sourceFolder',
} as const;

const loaders: Readonly<Record<string, Loader>> = { '.ts': 'ts', '.mts': 'ts' };
const isOwn = (path: string): boolean => extname(path) in loaders;
/** Stack traces need no lines of packages, and their maps would be most of the bundle's map. */
const noMap = '\n//# sourceMappingURL=data:application/json;base64,eyJ2ZXJzaW9uIjozLCJzb3VyY2VzIjpbIiJdLCJtYXBwaW5ncyI6IkFBQUEifQ==';
const beginsStrict = /^(?:\s|\/\/.*\n|\/\*[\s\S]*?\*\/)*(['"])use strict\1/;

/**
 * A bundle lies elsewhere than its sources. This lets each of them find its own place as before: `import.meta.url`, and in packages
 * `__dirname`, `__filename` and `require.resolve`; own sources make their `require` from their place. Lines stay where they are.
 * @param change a last word on a source's text
 */
export function keepPlaces(change: (path: string, text: string) => string = (_, text) => text): Plugin {
  return {
    name: 'places',
    setup(build) {
      build.onLoad({ filter: /\.[mc]?[jt]s$/, namespace: 'file' }, ({ path }) => {
        const source = readFileSync(path, 'utf8');
        const changed = change(path, source);
        const text = isOwn(path) ? changed : changed.replaceAll('require.resolve(', '__sourceRequire.resolve(');
        const places = placesIn(path, text);
        const strict = beginsStrict.test(source) ? '"use strict";' : '';
        return {
          contents: `${strict}${places}${text}${path.includes('node_modules') ? noMap : ''}`,
          loader: loaders[extname(path)] ?? 'js',
        };
      });
    },
  };
}

function placesIn(path: string, text: string): string {
  const places: string[] = [];
  const add = (isWanted: boolean, name: string, value: string): void => {
    if (isWanted) places.push(`const ${name} = ${value};`);
  };
  add(text.includes('import.meta'), '__sourceUrl', JSON.stringify(pathToFileURL(path).href));
  add(text.includes('import.meta'), '__sourceFolder', JSON.stringify(dirname(path)));
  add(text.includes('__filename'), '__filename', JSON.stringify(path));
  add(text.includes('__dirname'), '__dirname', JSON.stringify(dirname(path)));
  const asks = !isOwn(path) && text.includes('__sourceRequire');
  add(asks, '__sourceRequire', `require("node:module").createRequire(${JSON.stringify(path)})`);
  return places.join('');
}

import { describe, expect, test } from 'vitest';
import { importsOf } from './imports.ts';

const runtime = (specifier: string) => ({ specifier, isTypeOnly: false });
const types = (specifier: string) => ({ specifier, isTypeOnly: true });

describe('what a source imports', () => {
  test.each([
    ['a default import', "import a from 'a';", [runtime('a')]],
    ['names', "import { b, type C } from './b.ts';", [runtime('./b.ts')]],
    ['names over several lines', "import {\n  b,\n  c as d,\n} from './b.ts';", [runtime('./b.ts')]],
    ['a namespace', "import * as tasks from './tasks.ts';", [runtime('./tasks.ts')]],
    ['a default and names', 'import a, { b } from "a";', [runtime('a')]],
    ['a side effect', "import 'node:fs';", [runtime('node:fs')]],
    ['types', "import type { A } from './a.ts';", [types('./a.ts')]],
    ['nothing but inline types', "import { type A, type B as C } from './a.ts';", [types('./a.ts')]],
    ['a default import that is called type', "import type from './a.ts';", [runtime('./a.ts')]],
    ['a re-export', "export { a } from './a.ts';\nexport * from './b.ts';", [runtime('./a.ts'), runtime('./b.ts')]],
    ['a re-export of types', "export type { A } from './a.ts';", [types('./a.ts')]],
    ['a dynamic import', "const a = await import('./a.ts');", [runtime('./a.ts')]],
    ['the type of a module', "let a: typeof import('./a.ts');", [types('./a.ts')]],
    ['a type named through a module', "function f(a: import('./a.ts').A): void {}", [types('./a.ts')]],
  ])('%s', (_, source, expected) => {
    expect(importsOf(source)).toEqual(expected);
  });

  test.each([
    ['a comment', "// import a from 'a';\n/* import b from 'b' */"],
    ['a string', 'const a = "import b from \'b\'";'],
    ['a template', "const a = `import b from 'b';`;"],
    ['a template inside a template', 'const a = `$'.concat("{b ? `import c from 'c'` : ''} import d from 'd'`;")],
    ['a pattern', "const a = /import '(\\d+)'/;"],
    ['a method called import', "store.import('a');"],
    ['import.meta', "const a = new URL('./a.ts', import.meta.url);"],
    ['an export without from', "export const from = 'a';"],
  ])('nothing in %s', (_, source) => {
    expect(importsOf(source)).toEqual([]);
  });

  test('a division is no pattern, so that what follows is still seen', () => {
    expect(importsOf("const half = a / 2;\nconst b = await import('./b.ts'); // 1 / 2")).toEqual([runtime('./b.ts')]);
  });
});

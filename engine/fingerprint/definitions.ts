/**
 * Declarations compute nothing, but a bundler cannot know that: `defineTask({ ... })` and `z.object({ ... })` look like calls that may do
 * anything, so an unused one would stay in the bundle of every other task of its file. Here the text of a module is changed so
 * that they can be dropped. The changed text is only hashed, never run.
 */
const declaring: Readonly<Record<string, string>> = {
  defineTask: 'task',
  definePipeline: 'pipeline',
  json: "'json'",
  file: "['file', kind]",
  tree: "['tree', kind]",
  type: 'undefined',
};
const parameter: Readonly<Record<string, string>> = { defineTask: 'task', definePipeline: 'pipeline', file: 'kind', tree: 'kind' };

const importStatement = /^import\s*\{([^{}]*)\}\s*from\s*(['"])([^'"\n]+)\2;?/gm;
const declaresFrom = /^sostenuto(\/|$)|(^|\/)define\/(task|ports|pipeline)(\.[jt]s)?$/;
const importOfZod = /^import\s*(?:\{[^}]*\bz\b[^}]*\}|\*\s*as\s+z|z)\s*from\s*['"]zod(?:\/[\w-]+)?['"]/m;
const callOfZod = /(?<![\w.$])z\./g;

interface ImportedName {
  readonly word: string;
  readonly local: string;
}

/** True for a text that `markDeclarations` may change. */
export const hasDeclarations = (source: string): boolean =>
  source.includes('define') || source.includes('sostenuto') || source.includes('zod');

/** The module's text with its declarations made droppable. Lines stay where they are. */
export function markDeclarations(source: string): string {
  const withSchemas = importOfZod.test(source) ? source.replace(callOfZod, '/* @__PURE__ */ z.') : source;
  const definitions = importedWords(source).filter(({ word }) => word.startsWith('define'));
  const withTasks = definitions.reduce(
    // A function of no arguments has no effect, whatever its body is, and the body ends where the call ends.
    (text, { local }) => text.replace(new RegExp(`(?<![\\w.$])${local}(?=\\s*[(<])`, 'g'), `() => ${local}`),
    withSchemas,
  );
  return withTasks.replace(importStatement, (statement, list: string, quote: string, from: string) => {
    if (!declaresFrom.test(from)) return statement;
    const names = splitNames(list);
    const kept = names
      .filter(({ word }) => !Object.hasOwn(declaring, word))
      .map(({ word, local }) => (word === local ? word : `${word} as ${local}`));
    const rest = kept.length === 0 ? '' : `import { ${kept.join(', ')} } from ${quote}${from}${quote};`;
    return `${names.map(replacement).join('')} ${rest}${'\n'.repeat(statement.split('\n').length - 1)}`;
  });
}

function importedWords(source: string): ImportedName[] {
  return [...source.matchAll(importStatement)].flatMap(([, list = '', , from = '']) => (declaresFrom.test(from) ? splitNames(list) : []));
}

function splitNames(list: string): ImportedName[] {
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '))
    .map((name) => {
      const [word = name, local = word] = name.split(/\s+as\s+/);
      return { word, local };
    });
}

/** A function in the file itself, because the bundler believes "no side effects" only there. */
function replacement({ word, local }: ImportedName): string {
  if (!Object.hasOwn(declaring, word)) return '';
  return `/* @__NO_SIDE_EFFECTS__ */ function ${local}(${parameter[word] ?? ''}) { return ${declaring[word]}; } `;
}

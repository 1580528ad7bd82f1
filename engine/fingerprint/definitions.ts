/**
 * Words that only declare (`defineTask`, `json`, ...) compute nothing: their own code must not count, and a declaration that
 * is not asked for must not stay in a bundle as a possible side effect. The bundler believes "no side effects" of a function
 * only in the file that holds it, so the import is replaced by functions that hand back what they are given.
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

/** The module's text with its imports of declaring words replaced. Lines stay where they are. */
export function replaceDeclarations(source: string): string {
  return source.replace(importStatement, (statement, list: string, quote: string, from: string) => {
    if (!declaresFrom.test(from)) return statement;
    const names = list
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '' && !name.startsWith('type '));
    const local = names.filter((name) => Object.hasOwn(declaring, exported(name)));
    const others = names.filter((name) => !local.includes(name));
    const kept = others.length === 0 ? '' : `import { ${others.join(', ')} } from ${quote}${from}${quote};`;
    return `${local.map(replacement).join(' ')} ${kept}${'\n'.repeat(statement.split('\n').length - 1)}`;
  });
}

const exported = (name: string): string => name.split(/\s+as\s+/)[0] ?? name;

function replacement(name: string): string {
  const word = exported(name);
  const alias = name.split(/\s+as\s+/)[1] ?? word;
  const takes = parameter[word];
  return `/* @__NO_SIDE_EFFECTS__ */ function ${alias}<A = any, B = any, C = any, D = any>(${takes === undefined ? '' : `${takes}: any`}): any { return ${declaring[word]}; }`;
}

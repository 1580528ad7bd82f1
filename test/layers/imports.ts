/** One import, export-from or dynamic import with a literal specifier. */
export interface Import {
  readonly specifier: string;
  /** `import type …`: gone at run time. */
  readonly isTypeOnly: boolean;
}

const token =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|`|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[dgimsuvy]*/g;
const quoted = /^['"]/;
/** Words and marks after which a slash begins a regular expression instead of a division. */
const beforePattern = /(?:^|[=(,:;!&|?{}[<>+\-*%~^]|\b(?:return|typeof|case|of|in|do|else|await|yield|void))\s*$/;

/**
 * The source without comments, and with the text of strings, templates and patterns taken out: quoted strings become `'n'`, an index into
 * the second result, so that nothing inside a string can look like code. Lines stay where they were.
 */
export function withoutText(source: string): { code: string; strings: string[] } {
  const strings: string[] = [];
  let code = '';
  let at = 0;
  token.lastIndex = 0;
  for (let match = token.exec(source); match !== null; match = token.exec(source)) {
    const [text] = match;
    code += source.slice(at, match.index);
    if (text.startsWith('/') && !text.startsWith('//') && !text.startsWith('/*') && !beforePattern.test(code.slice(-40))) {
      code += '/';
      at = match.index + 1;
      token.lastIndex = at;
      continue;
    }
    if (text === '`') {
      at = endOfTemplate(source, match.index + 1);
      token.lastIndex = at;
      code += `\`\`${linesOf(source.slice(match.index, at))}`;
      continue;
    }
    if (quoted.test(text)) code += `'${strings.push(text.slice(1, -1)) - 1}'`;
    else code += ` ${linesOf(text)}`;
    at = match.index + text.length;
  }
  return { code: code + source.slice(at), strings };
}

const linesOf = (text: string): string => text.replace(/[^\n]/g, '');

/** Where a template literal ends whose text begins at `at`. What stands in its holes is taken out with it. */
function endOfTemplate(source: string, at: number): number {
  for (let depth = 0, i = at; i < source.length; i++) {
    const here = source[i];
    if (here === '\\') i++;
    else if (here === '`') {
      if (depth === 0) return i + 1;
      i = endOfTemplate(source, i + 1) - 1;
    } else if (here === '{' && (depth > 0 || source[i - 1] === '$')) depth++;
    else if (here === '}' && depth > 0) depth--;
  }
  return source.length;
}

const statement = /(?<![.\w$])(import|export)\s+(type\s+(?!from\b)|type\s+(?=from\s+from\b))?([\w$*\s{},]*?)\bfrom\s*'(\d+)'/g;
const sideEffect = /(?<![.\w$])import\s*'(\d+)'/g;
const dynamic = /(?<![.\w$])import\s*\(\s*'(\d+)'/g;
/** `typeof import('x')` and `import('x').Name` in a type position cannot be told from a call by a pattern alone, but for these. */
const typePosition = /(?:\btypeof\s+|[:<|&]\s*(?:readonly\s+)?)$/;
const onlyTypes = /^\{\s*(?:type\s+[\w$]+(?:\s+as\s+[\w$]+)?\s*,?\s*)+\}\s*$/;

/** Every module that a source names, in no particular order. Specifiers that are computed are not seen. */
export function importsOf(source: string): Import[] {
  const { code, strings } = withoutText(source);
  const text = (index: string | undefined): string => strings[Number(index)] ?? '';
  const found: Import[] = [];
  for (const [, , type, names = '', index] of code.matchAll(statement)) {
    found.push({ specifier: text(index), isTypeOnly: type !== undefined || onlyTypes.test(names.trim()) });
  }
  for (const [, index] of code.matchAll(sideEffect)) found.push({ specifier: text(index), isTypeOnly: false });
  for (const match of code.matchAll(dynamic)) {
    found.push({ specifier: text(match[1]), isTypeOnly: typePosition.test(code.slice(Math.max(0, match.index - 30), match.index)) });
  }
  return found;
}

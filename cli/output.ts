import { styleText } from 'node:util';
import { SostenutoError } from '../errors/problem.ts';

/** Data goes to stdout, so that it can be piped on; talk goes to stderr. */
export const print = (text: string): void => void process.stdout.write(`${text}\n`);
export const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** The last thing a command prints with `--json`: one object on one line. */
export const printJson = (value: unknown): void => print(JSON.stringify(value));

/** Red, green … only where a person looks and nobody asked for plain text (NO_COLOR, TERM=dumb). */
export function coloured(
  style: 'red' | 'green' | 'yellow' | 'bold' | 'dim',
  text: string,
  stream: NodeJS.WriteStream = process.stderr,
): string {
  const { NO_COLOR: noColour = '', TERM: terminal } = process.env;
  return stream.isTTY && noColour === '' && terminal !== 'dumb' ? styleText(style, text) : text;
}

/** Rows under each other, columns as wide as their widest cell; numbers to the right. */
export function tableLines(columns: readonly string[], rows: readonly (readonly unknown[])[]): string[] {
  const cells = rows.map((row) => columns.map((_, index) => cellText(row[index])));
  const isNumeric = columns.map((_, index) => rows.length > 0 && rows.every((row) => ['number', 'bigint'].includes(typeof row[index])));
  const widths = columns.map((name, index) => Math.max(name.length, ...cells.map((row) => row[index]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((text, index) => (isNumeric[index] ? text.padStart(widths[index] ?? 0) : text.padEnd(widths[index] ?? 0)))
      .join('  ')
      .trimEnd();
  return [line(columns), ...cells.map(line)];
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'object') return value instanceof Date ? value.toISOString() : JSON.stringify(value);
  return String(value);
}

/** An error for a script: the same facts as the sentence, as data. */
export function errorJson(error: unknown): { error: { code: string; message: string; problems?: unknown } } {
  if (error instanceof SostenutoError) return { error: { code: error.code, message: error.message, problems: error.problems } };
  return { error: { code: 'UNEXPECTED', message: error instanceof Error ? error.message : String(error) } };
}

/** An error for a person. The stack is only of use where nobody foresaw the error. */
export function errorText(error: unknown, isVerbose: boolean): string {
  if (error instanceof SostenutoError) {
    const body = error.problems.length > 1 ? `${error.problems.length} problems:\n${error.message}` : error.message;
    return `${coloured('red', error.code)}  ${body}`;
  }
  if (!(error instanceof Error)) return String(error);
  return isVerbose || error.stack === undefined
    ? (error.stack ?? error.message)
    : `${error.name}: ${error.message} (--verbose shows where)`;
}

import { SostenutoError } from '../../../errors/problem.ts';

/** Why a function cannot become a graph; `where` is a place in the code that it comes from. */
export const notCompilable = (what: string, where = callingLine(), hint?: string): SostenutoError =>
  new SostenutoError({
    code: 'NOT_COMPILABLE',
    what: `A function cannot be compiled and runs operation by operation, more slowly: ${what}.`,
    where,
    expected: 'tensors from beginning to end, of shapes that the inputs fix',
    ...(hint !== undefined && { hint }),
  });

/** The place in the caller's code: the innermost that is neither of a library nor of this folder. */
function callingLine(): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 50;
  const lines = new Error().stack?.split('\n').slice(1) ?? [];
  Error.stackTraceLimit = stackTraceLimit;
  const own = lines.find((line) => !/node_modules|node:|models\/backend\/compile\//.test(line));
  return own?.trim().replace(/^at /, '') ?? 'unknown';
}

/** What a check says about one thing. */
export interface Check {
  readonly name: string;
  /** `fail`: a run could not work. `warn`: it works, but worse, or after the fix. `unknown`: it can't be seen from here. */
  readonly status: 'ok' | 'warn' | 'fail' | 'unknown';
  readonly found: string;
  /** What to do about it. */
  readonly fix?: string;
}

const signs = { ok: '✓', warn: '!', fail: '✗', unknown: '?' } as const;

/** A line for each check, and one under it with the way out. */
export function checkLines(checks: readonly Check[]): string[] {
  const width = Math.max(...checks.map(({ name }) => name.length));
  return checks.flatMap(({ name, status, found, fix }) => {
    const line = `${signs[status]} ${name.padEnd(width)}  ${found}`;
    return fix === undefined || status === 'ok' ? [line] : [line, `${' '.repeat(width + 4)}→ ${fix}`];
  });
}

/** A check that could not even ask counts as failed, with the reason. */
export async function guarded(
  name: string,
  check: () => Promise<Check | readonly Check[]> | Check | readonly Check[],
): Promise<readonly Check[]> {
  try {
    const result = await check();
    return 'status' in result ? [result] : result;
  } catch (error) {
    return [{ name, status: 'fail', found: error instanceof Error ? error.message : String(error) }];
  }
}

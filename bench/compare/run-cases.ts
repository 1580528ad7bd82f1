import { parseArgs } from 'node:util';
import { type Compared, type Comparison, compare, machine } from './compare.ts';
import { printComparison } from './table.ts';

/** What is compared in every case, and how a case is written and called. */
export interface Bench<Case> extends Pick<Comparison, 'script' | 'modes' | 'torch'> {
  readonly name: string;
  readonly cases: Readonly<Record<string, Case>>;
  /** Steps of a round, unless the command says otherwise. */
  readonly steps: number;
  readonly describe: (one: Case, name: string) => Pick<Comparison, 'what' | 'write'> & Partial<Pick<Comparison, 'modes' | 'torch'>>;
  /** Further columns of the table, by a row's median in milliseconds. */
  readonly columns?: (one: Case) => (median: number) => Record<string, number>;
}

/** Runs the cases of a bench as the command line says, and prints a table each, or one JSON object. */
export async function runCases<Case>({ name, cases, steps, describe, columns, ...rest }: Bench<Case>): Promise<void> {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      case: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      steps: { type: 'string', default: String(steps) },
      'install-torch': { type: 'boolean', default: false },
    },
  });
  const results: Compared[] = [];
  for (const [key, one] of Object.entries(cases)) {
    if (values.case !== undefined && values.case !== key) continue;
    const run = { rounds: Number(values.rounds), steps: Number(values.steps), install: values['install-torch'] };
    const result = await compare({ ...rest, ...describe(one, key), ...run });
    results.push(result);
    if (!values.json) printComparison(result, columns?.(one));
  }
  if (values.json) console.log(JSON.stringify({ bench: name, machine: machine(), results }, null, 1));
  else console.log(`load ${machine().load.join(' ')}`);
}

import { type Command, InvalidArgumentError, Option } from 'commander';
import { counted } from '../display/words.ts';
import { coloured, print, printJson, say, tableLines } from '../output.ts';
import { OVERLAPS, type Overlap } from '../schedules/declaration.ts';
import type { Order, Standing } from '../schedules/on-server.ts';

interface Options {
  readonly json?: boolean;
}

const overlap = () => new Option('--overlap <policy>', 'what a start does while the run before goes on').choices([...OVERLAPS]);

export function declare(command: Command): void {
  command
    .command('apply')
    .description('Make the schedules at the server what temporal.config.ts declares.')
    .option('--prune', 'delete those that are not declared any more')
    .action(apply);
  command.command('diff').description('Show what apply would change; exit code 1 if anything.').action(diff);
  command.command('ls').description('List schedules with their last and next starts.').action(list);
  const one = (name: string, description: string) => command.command(name).description(description).argument('<name>', 'the schedule');
  one('trigger', 'Start it now, once.')
    .addOption(overlap())
    .action((name: string, options: Options & { overlap?: Overlap }) =>
      order(name, { do: 'trigger', ...(options.overlap === undefined ? {} : { overlap: options.overlap }) }, options),
    );
  for (const verb of ['pause', 'unpause'] as const)
    one(verb, verb === 'pause' ? 'Start nothing until it is unpaused.' : 'Go on after a pause.')
      .option('--note <text>', 'why; seen in the UI')
      .action((name: string, options: Options & { note?: string }) =>
        order(name, { do: verb, ...(options.note === undefined ? {} : { note: options.note }) }, options),
      );
  one('delete', 'Remove it from the server; its runs stay.').action((name: string, options: Options) =>
    order(name, { do: 'delete' }, options),
  );
  one('backfill', 'Start what would have been started in a span of time, each with the window of its scheduled time.')
    .requiredOption('--from <time>', 'ISO 8601, for example 2026-11-01', time)
    .requiredOption('--to <time>', 'ISO 8601', time)
    .addOption(overlap().default('buffer-all'))
    .addHelpText('after', '\nExample:\n  sostenuto schedule backfill nightly --from 2026-11-01 --to 2026-11-08')
    .action((name: string, { from, to, overlap: policy, ...rest }: Options & { from: Date; to: Date; overlap: Overlap }) =>
      order(name, { do: 'backfill', from, to, overlap: policy }, rest),
    );
}

function time(text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw new InvalidArgumentError('It has to be a time, for example 2026-11-01T03:00:00Z.');
  return date;
}

async function apply(options: Options & { prune?: boolean }): Promise<void> {
  const [{ checkDeclared, withSchedules }, { applySchedules }] = await load();
  await checkDeclared();
  const applied = await withSchedules((all) => applySchedules(all, options));
  if (options.json) return printJson({ schedules: applied });
  for (const { name, did, standing, differences } of applied) {
    print(`${name}: ${did}${standing === 'undeclared' && did === 'kept' ? ', though not declared (--prune deletes it)' : ''}`);
    for (const line of differenceLines(differences)) print(line);
  }
  if (applied.length === 0) say('temporal.config.ts declares no schedules.');
}

async function diff(options: Options): Promise<void> {
  const [{ withSchedules }, { compareSchedules }] = await load();
  const compared = (await withSchedules(compareSchedules)).map(({ found: _, ...one }) => one);
  const isSame = compared.every(({ standing }) => standing === 'same');
  process.exitCode = isSame ? 0 : 1;
  if (options.json) return printJson({ same: isSame, schedules: compared });
  for (const { name, standing, differences } of compared) {
    print(`${name}: ${words[standing]}`);
    for (const line of differenceLines(differences)) print(line);
  }
}

const words: Readonly<Record<Standing, string>> = {
  same: 'as declared',
  missing: 'declared, not at the server',
  different: 'differs (server → declared)',
  undeclared: 'at the server, not declared',
};

const differenceLines = (differences: readonly { path: string; from?: unknown; to?: unknown }[]): string[] =>
  differences.map(({ path, from, to }) => `  ${path}: ${JSON.stringify(from) ?? 'nothing'} → ${JSON.stringify(to) ?? 'nothing'}`);

async function list(options: Options): Promise<void> {
  const [{ activityOf, withSchedules }, { compareSchedules }] = await load();
  const schedules = (await withSchedules(compareSchedules)).map(({ name, standing, found }) => ({
    name,
    standing,
    ...(found === undefined ? {} : activityOf(found)),
  }));
  if (options.json) return printJson({ schedules });
  const rows = schedules.map((one) => [
    one.name,
    words[one.standing],
    one.paused ? coloured('yellow', `paused${one.note === undefined ? '' : `: ${one.note}`}`, process.stdout) : '',
    one.recent?.at(-1)?.at ?? '',
    one.paused ? '' : (one.next?.[0] ?? ''),
  ]);
  for (const line of tableLines(['schedule', 'standing', 'state', 'last', 'next'], rows)) print(line);
  say(counted(schedules.length, 'schedule'));
}

async function order(name: string, what: Order, options: Options): Promise<void> {
  const [{ withSchedules }, { orderSchedule }] = await load();
  await withSchedules((all) => orderSchedule(all, name, what));
  if (options.json) printJson({ schedule: name, ...what });
  else
    say(`${name}: ${what.do} is done${what.do === 'trigger' || what.do === 'backfill' ? '; the runs need workers (`sostenuto up`)' : ''}`);
}

const load = () => Promise.all([import('../session/schedules.ts'), import('../schedules/on-server.ts')]);

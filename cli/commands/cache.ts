import type { Command } from 'commander';
import type { ActionRecord } from '../../engine/actions/actions.ts';
import { SostenutoError } from '../../errors/problem.ts';
import { duration, size } from '../display/words.ts';
import { exitCodes } from '../exit-code.ts';
import { print, printJson, say, tableLines } from '../output.ts';
import { wholeNumber } from '../request.ts';

interface Filter {
  readonly json?: boolean;
  readonly task?: string;
  readonly node?: string;
  readonly pipeline?: string;
}

export function declare(command: Command): void {
  const filtered = (name: string, description: string): Command =>
    command
      .command(name)
      .description(description)
      .option('--task <name>', 'only results of this task')
      .option('--node <id>', 'only results of this node')
      .option('--pipeline <name>', 'only results of this pipeline');
  filtered('ls', 'List the newest results.').option('--limit <count>', 'at most so many', wholeNumber, 30).action(list);
  filtered('rm', 'Forget results, so that their nodes run again. The data stays until `sostenuto gc`.')
    .argument('[keys...]', 'keys or their first digits')
    .option('--quarantined', 'only results that set items apart: the next run tries these items again, with the rest of their shards')
    .action(remove);
  command
    .command('verify')
    .description('Read every object and compare it with its name.')
    .option('--repair', 'remove what is damaged, so that it is made anew')
    .action(verify);
}

const matches = (record: ActionRecord, { task, node, pipeline }: Filter): boolean =>
  (task === undefined || record.task === task) &&
  (node === undefined || record.node === node) &&
  (pipeline === undefined || record.pipeline === pipeline);

/** Whether a result left items out that could not be read: a list of them that is longer than `[]`. */
const setsItemsApart = ({ outputs }: ActionRecord): boolean =>
  ['unreadable', 'refused'].some((name) => outputs[name]?.form === 'json' && outputs[name].bytes > '[]'.length);

async function openCache() {
  const [{ openProjectStore }, cache] = await Promise.all([import('../session/project.ts'), import('../../engine/collect/cache.ts')]);
  return { store: await openProjectStore(), ...cache };
}

async function list(options: Filter & { limit: number }): Promise<void> {
  const { store, listActions } = await openCache();
  const found = listActions(store).filter((record) => matches(record, options));
  const shown = found.slice(0, options.limit);
  if (options.json) return printJson({ total: found.length, actions: shown });
  const bytes = ({ outputs }: ActionRecord): number => Object.values(outputs).reduce((sum, output) => sum + output.bytes, 0);
  const rows = shown.map((record) => [
    record.key.slice(0, 12),
    record.node ?? '',
    record.task,
    record.startedAt,
    duration(record.seconds),
    size(bytes(record)),
  ]);
  for (const line of tableLines(['key', 'node', 'task', 'made', 'took', 'size'], rows)) print(line);
  say(`${shown.length} of ${found.length} results`);
}

async function remove(keys: readonly string[], options: Filter & { quarantined?: boolean }): Promise<void> {
  const { quarantined, task, node, pipeline } = options;
  const isNarrowed = quarantined || task !== undefined || node !== undefined || pipeline !== undefined;
  if (keys.length === 0 && !isNarrowed) {
    throw new SostenutoError({
      code: 'BAD_USAGE',
      what: 'Nothing says which results to forget.',
      where: 'sostenuto cache rm',
      found: 'no keys and no options',
      expected: 'keys, or --task, --node, --pipeline or --quarantined',
    });
  }
  const { store, removeActions } = await openCache();
  const isNamed = ({ key }: ActionRecord): boolean => keys.length === 0 || keys.some((start) => start.length >= 4 && key.startsWith(start));
  const removed = removeActions(store, (record) => isNamed(record) && matches(record, options) && (!quarantined || setsItemsApart(record)));
  if (options.json) return printJson({ removed });
  say(`${removed.length} results forgotten; their nodes run again the next time.`);
}

async function verify(options: { json?: boolean; repair?: boolean }): Promise<void> {
  const { store, verifyStore } = await openCache();
  const found = await verifyStore(store, { repair: options.repair ?? false });
  const isSound = found.damaged.length === 0 && found.incomplete.length === 0;
  if (!isSound && !found.isRepaired) process.exitCode = exitCodes.data;
  if (options.json) return printJson(found);
  print(
    `${found.objects} objects (${size(found.bytes)}), ${found.damaged.length} damaged; ${found.actions} results, ${found.incomplete.length} incomplete`,
  );
  for (const digest of found.damaged) print(`  damaged object ${digest}`);
  for (const key of found.incomplete) print(`  incomplete result ${key}`);
  for (const path of found.foreign) print(`  not an object: ${path}`);
  if (!isSound) say(found.isRepaired ? 'Removed; the nodes concerned run again.' : 'Remove them with: sostenuto cache verify --repair');
}

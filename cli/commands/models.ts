import type { Command } from 'commander';
import { counted, figure, size } from '../display/words.ts';
import { print, printJson, say, tableLines } from '../output.ts';

export function declare(command: Command): void {
  command.command('ls').description('List registered models with their aliases.').argument('[name]', 'only this model').action(list);
  command
    .command('show')
    .description('Show a version: what it scored, why it has its aliases, which run made it.')
    .argument('<name>', 'the model')
    .argument('[version]', 'a number or an alias', 'champion')
    .action(show);
  command
    .command('alias')
    .description('Point an alias at a version.')
    .argument('<name>', 'the model')
    .argument('<alias>', 'champion, or another word')
    .argument('<version>', 'a number or an alias')
    .option('--note <text>', 'why', '')
    .addHelpText('after', '\nExample:\n  sostenuto models alias video-to-audio champion 3 --note "clearer attacks"')
    .action(alias);
}

async function list(name: string | undefined, options: { json?: boolean }): Promise<void> {
  const { listModels } = await import('../session/models.ts');
  const models = await listModels(name);
  if (options.json) return printJson({ models });
  const rows = models.map(({ name: of, version, aliases, measure, value, artifact, at }) => [
    of,
    version,
    aliases.map((one) => one.alias).join(' '),
    measure === undefined || value === undefined ? '' : `${measure} ${figure(value)}`,
    size(artifact.bytes),
    artifact.digest.slice(0, 12),
    at,
  ]);
  for (const line of tableLines(['model', 'version', 'aliases', 'scored', 'size', 'digest', 'registered'], rows)) print(line);
  say(counted(models.length, 'version'));
}

async function show(name: string, version: string, options: { json?: boolean }): Promise<void> {
  const { showModel } = await import('../session/models.ts');
  const model = await showModel(name, version);
  if (options.json) return printJson(model);
  print(`${model.name} version ${model.version}, registered ${model.at}`);
  print(`digest   ${model.artifact.digest} (${size(model.artifact.bytes)})`);
  if (model.measure !== undefined && model.value !== undefined) print(`scored   ${model.measure} ${figure(model.value)}`);
  if (model.origin !== undefined) print(`made by  ${model.origin.run}, node ${model.origin.node}`);
  for (const { alias: word, by, reason } of model.aliases) print(`${word.padEnd(8)} by ${by}${reason === '' ? '' : `: ${reason}`}`);
}

async function alias(name: string, word: string, version: string, options: { json?: boolean; note: string }): Promise<void> {
  const { nameVersion } = await import('../session/models.ts');
  const set = await nameVersion(name, word, version, options.note);
  if (options.json) printJson(set);
  else print(`${set.alias} of ${set.name} is version ${set.version}`);
}

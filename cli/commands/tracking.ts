import type { Command } from 'commander';
import { counted } from '../display/words.ts';
import { print, printJson, say } from '../output.ts';

export function declare(command: Command): void {
  command.command('status').description('Show which MLflow server is told of runs, what it has, and what waits.').action(status);
  command
    .command('sync')
    .description('Tell the server now what it does not have yet. Workers do this by themselves.')
    .option('--all', 'also runs from before tracking began')
    .addHelpText('after', '\nExample:\n  MLFLOW_TRACKING_URI=http://127.0.0.1:5000 sostenuto tracking sync --all')
    .action(sync);
}

async function status(options: { json?: boolean }): Promise<void> {
  const { trackingStatus } = await import('../session/tracking.ts');
  const found = await trackingStatus();
  if (options.json) return printJson(found);
  print(`server      ${found.uri}${found.version === undefined ? '' : `, MLflow ${found.version}`}`);
  if (found.problem !== undefined) print(`            ${found.problem.replaceAll('\n', '\n            ')}`);
  print(`experiment  ${found.experiment}`);
  print(`since       ${found.since}`);
  print(`runs        ${found.complete} complete, ${found.waiting.length} waiting or going on`);
  for (const run of found.waiting) print(`            ${run}`);
  for (const [name, versions] of Object.entries(found.models)) print(`model       ${name}, ${counted(versions, 'version')}`);
  for (const line of found.refused) print(`refused     ${line}`);
}

async function sync(options: { json?: boolean; all?: boolean }): Promise<void> {
  const { syncNow } = await import('../session/tracking.ts');
  const done = await syncNow(options.all ?? false);
  if (options.json) return printJson(done);
  for (const line of done.refused) print(`refused  ${line}`);
  say(done.isBusy ? 'A worker is at it right now.' : `${counted(done.runs, 'run')} told, ${done.complete} to the end`);
}

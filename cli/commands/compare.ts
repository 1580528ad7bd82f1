import type { Command } from 'commander';
import { print, printJson, say, tableLines } from '../output.ts';

export function declare(command: Command): void {
  command
    .argument('<first>', 'a run')
    .argument('<second>', 'another one')
    .option('--html', 'write a page with the sounds of both, clip by clip')
    .addHelpText(
      'after',
      `
Differences are second minus first. A node is shared if both runs used one result. Means over clips have 95 % intervals; the page shows sounds that both runs have of the same clip.`,
    )
    .action(async (first: string, second: string, options: { json?: boolean; html?: boolean }) => {
      const [{ compareRuns }, { tablesOf, writeComparison }] = await Promise.all([
        import('../session/compare.ts'),
        import('../session/comparison-page.ts'),
      ]);
      const { comparison, sources } = await compareRuns(first, second);
      const page = options.html ? await writeComparison(comparison, sources) : undefined;
      if (options.json) return printJson({ ...comparison, ...(page === undefined ? {} : { page }) });
      const tables = tablesOf(comparison);
      for (const { title, columns, rows } of tables) {
        print(`\n${title}`);
        for (const line of tableLines(columns, rows)) print(line);
      }
      if (tables.length === 0) say('Nothing differs: settings, code, measures and nodes are the same.');
      else if (comparison.settings.length === 0 && comparison.code.length === 0) say('Settings and code are the same.');
      if (page !== undefined) print(page);
    });
}

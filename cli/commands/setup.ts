import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';

export function declare(command: Command): void {
  command
    .option('--again', 'make every choice anew')
    .addHelpText('after', '\nIn a project with this package as a dependency, the npm packages are those that the project installed.')
    .action(setUp);
}

async function setUp({ again, json }: { again?: boolean; json?: boolean }): Promise<void> {
  const script = fileURLToPath(new URL('../../scripts/setup.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, ...(again ? ['--again'] : []), ...(json ? ['--json'] : [])], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  process.exitCode = code ?? 1;
}

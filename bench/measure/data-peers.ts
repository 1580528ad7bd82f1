import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { referenceScript } from './torch.ts';

const venv = fileURLToPath(new URL('../../.sostenuto/bench/data-venv', import.meta.url));
export const NO_PEERS = 'no Python peers: set DATA_PYTHON to a Python with pyarrow, datasets and torch, or call again with --install-peers';

/** A Python that has pyarrow, datasets and, if possible, torch: DATA_PYTHON, or the bench's own environment, which is made on request. */
export function findDataPeers(install: boolean): { readonly python: string; readonly versions: string } | undefined {
  const own = join(venv, 'bin', 'python');
  if (install && !existsSync(own)) {
    execFileSync('python3', ['-m', 'venv', venv], { stdio: 'inherit' });
    execFileSync(own, ['-m', 'pip', 'install', '--quiet', 'pyarrow', 'datasets', 'torch'], { stdio: 'inherit' });
  }
  const python = process.env['DATA_PYTHON'] ?? own;
  if (!process.env['DATA_PYTHON'] && !existsSync(own)) return undefined;
  return { python, versions: execFileSync(python, [referenceScript('data.py'), '', 'versions'], { encoding: 'utf8' }).trim() };
}

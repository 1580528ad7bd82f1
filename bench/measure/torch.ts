import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const venv = join(root, '.sostenuto', 'bench', 'venv');
export const NO_TORCH = 'no PyTorch: set TORCH_PYTHON to a Python with torch and safetensors, or call again with --install-torch';

/** A Python that has torch and safetensors: TORCH_PYTHON, or the bench's own environment, which is made on request. */
export function findTorch(install: boolean): { readonly python: string; readonly version: string } | undefined {
  const own = join(venv, 'bin', 'python');
  if (install && !existsSync(own)) {
    execFileSync('python3', ['-m', 'venv', venv], { stdio: 'inherit' });
    execFileSync(own, ['-m', 'pip', 'install', '--quiet', 'torch', 'numpy', 'safetensors'], { stdio: 'inherit' });
  }
  const python = process.env['TORCH_PYTHON'] ?? own;
  if (!process.env['TORCH_PYTHON'] && !existsSync(own)) return undefined;
  const version = execFileSync(python, ['-c', 'import torch, safetensors.torch; print(torch.__version__)'], { encoding: 'utf8' });
  return { python, version: version.trim() };
}

export const referenceScript = (script: string): string => join(root, 'bench', 'reference', script);

/** A Python that has transformers, too; in the bench's own environment it is installed on request. Throws if there is none. */
export function findTransformers(install: boolean): { readonly python: string; readonly version: string } {
  const found = findTorch(install);
  if (!found) throw new Error(NO_TORCH);
  const { python } = found;
  if (install && python === join(venv, 'bin', 'python'))
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', 'transformers'], { stdio: 'inherit' });
  const version = execFileSync(python, ['-c', 'import transformers; print(transformers.__version__)'], { encoding: 'utf8' });
  return { python, version: version.trim() };
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Whether the set-up of a package chose TensorFlow for graphics cards. */
export function hasGpu(packageRoot: string): boolean {
  try {
    const setup: { tensorflow?: { package?: string } } = JSON.parse(readFileSync(join(packageRoot, '.sostenuto', 'setup.json'), 'utf8'));
    return setup.tensorflow?.package?.endsWith('tfjs-node-gpu') ?? false;
  } catch {
    return false;
  }
}

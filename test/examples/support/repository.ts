import {
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kernelsPath } from '../../../models/backend/fused/place.mjs';
import { exampleFolder } from '../../cli/support/command-line.ts';
import { kernels, tensorflowBuild, tensorflowWheel } from '../../setup/modules.ts';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8'));

/** A project of its own whose `node_modules` has, as far as it is installed here, what npm would fetch for this package. */
export function makeRepository(folder: string): void {
  cpSync(exampleFolder, folder, { recursive: true });
  const tfjs: string = read('package.json').dependencies['@tensorflow/tfjs'];
  const overrides = { '@spotify/basic-pitch': { '@tensorflow/tfjs': tfjs } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'other', version: '1.0.0', type: 'module', overrides }));
  const packages: Record<string, { dev?: boolean }> = read('node_modules/.package-lock.json').packages;
  for (const [path, { dev }] of Object.entries(packages)) {
    // A package inside another one came with it.
    if (!dev && !existsSync(join(folder, path))) link(join(root, path), join(folder, path));
  }
  const commands = join('node_modules', '.bin');
  mkdirSync(join(folder, commands));
  for (const name of readdirSync(join(root, commands))) {
    const target = readlinkSync(join(root, commands, name));
    if (existsSync(join(folder, commands, target))) symlinkSync(target, join(folder, commands, name));
  }
}

/** Fills a cache as the set-up of an earlier project would have left it. */
export async function keepTools(cache: string): Promise<{ hasTensorflow: boolean; hasKernels: boolean }> {
  const tools = join(root, '.sostenuto');
  link(join(tools, 'bin', 'temporal'), join(cache, `temporal-${process.platform}-${process.arch}`));
  const built = tensorflowBuild.builtPackage(tools);
  if (!existsSync(built)) return { hasTensorflow: false, hasKernels: false };
  link(join(built, 'deps', 'lib'), join(tensorflowWheel.wheelFolder(cache), 'lib'));
  link(join(built, 'lib', 'napi-v8', 'tfjs_binding.node'), await tensorflowBuild.addonPath({ root, cache }));
  const compiled = kernelsPath(tools);
  const hasKernels = existsSync(compiled);
  if (hasKernels) {
    const { signal } = new AbortController();
    link(compiled, await kernels.keptKernels({ root, cache, env: process.env, signal }));
  }
  return { hasTensorflow: true, hasKernels };
}

/** The same files at a second place, without a second copy of their bytes where the disk is the same. */
function link(from: string, to: string): void {
  const found = lstatSync(from);
  if (found.isDirectory()) {
    mkdirSync(to, { recursive: true });
    for (const name of readdirSync(from)) link(join(from, name), join(to, name));
    return;
  }
  mkdirSync(dirname(to), { recursive: true });
  try {
    if (found.isSymbolicLink()) symlinkSync(readlinkSync(from), to);
    else linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

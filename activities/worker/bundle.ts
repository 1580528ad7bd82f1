import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BundleOptions } from '@temporalio/worker';

const packageRoot = fileURLToPath(new URL('../../', import.meta.url));
const workflows = join(packageRoot, 'workflows');
/** What the workflows import besides their own folder, and the packages that make the bundle. */
const others = ['activities/messages.ts'];
const packages = ['@temporalio/workflow', '@temporalio/worker', '@temporalio/common'];

/** sha256 of everything that a bundle is made of. */
export function bundleDigest(): string {
  const hash = createHash('sha256');
  const files = [
    ...readdirSync(workflows)
      .filter((name) => name.endsWith('.ts'))
      .sort()
      .map((name) => join('workflows', name)),
    ...others,
  ];
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(join(packageRoot, file)));
  const require = createRequire(import.meta.url);
  for (const name of packages) {
    const version: unknown = require(`${name}/package.json`).version;
    hash.update(`${name}@${String(version)}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}

/** Path of the workflow bundle. It is built once for the same sources, which takes a second off every later start. */
export async function workflowBundle(): Promise<{ codePath: string }> {
  const folder = join(packageRoot, '.sostenuto', 'build');
  const codePath = join(folder, `workflows-${bundleDigest()}.js`);
  if (existsSync(codePath)) return { codePath };
  const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker');
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(workflows, 'index.ts'),
    logger: new DefaultLogger('ERROR'),
    webpackConfigHook: compileThisPackage,
  });
  mkdirSync(folder, { recursive: true });
  for (const old of readdirSync(folder)) if (/^workflows-[0-9a-f]+\.js$/.test(old)) rmSync(join(folder, old), { force: true });
  const temporary = `${codePath}.${process.pid}`;
  writeFileSync(temporary, code);
  renameSync(temporary, codePath);
  return { codePath };
}

/** Temporal's bundler compiles nothing below `node_modules`, where this package lies when another project uses it. */
const compileThisPackage: NonNullable<BundleOptions['webpackConfigHook']> = (config) => {
  for (const rule of config.module?.rules ?? []) {
    if (typeof rule === 'object' && rule !== null && rule.exclude !== undefined) {
      rule.exclude = (path: string) => (path.startsWith(packageRoot) ? path.slice(packageRoot.length) : path).includes('node_modules');
    }
  }
  return config;
};

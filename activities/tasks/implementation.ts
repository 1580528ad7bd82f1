import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ports } from '../../engine/define/ports.ts';
import type { RunFunction } from '../../engine/define/task.ts';
import type { Fingerprint } from '../../engine/fingerprint/fingerprint.ts';
import { SostenutoError } from '../../errors/problem.ts';

/** A task's code with its types erased: the plan has checked the wiring. */
export type AnyRun = RunFunction<Ports, Ports, unknown, unknown>;
export interface CodeReference {
  readonly url: string;
  readonly export: string;
  readonly inline: boolean;
}

/** Defined where this module runs from the bundled command, whose process reads no TypeScript by itself. */
declare const isBundled: boolean | undefined;
let reader: Promise<unknown> | undefined;

async function importSource(url: string): Promise<Record<string, unknown>> {
  if (typeof isBundled !== 'undefined') {
    reader ??= import('tsx/esm/api').then(({ register }) => register());
    await reader;
  }
  return import(url);
}

/**
 * Imports a task's code.
 * @throws SostenutoError `NO_IMPLEMENTATION` when the module has no such export.
 */
export async function importImplementation(code: CodeReference): Promise<AnyRun> {
  const module = await importSource(code.url);
  const exported = module[code.export];
  const run: unknown = typeof exported === 'object' && exported !== null && 'run' in exported ? exported.run : exported;
  if (typeof run !== 'function') {
    throw new SostenutoError({
      code: 'NO_IMPLEMENTATION',
      what: `The module does not export the task's code.`,
      where: code.url,
      found: Object.keys(module).join(', '),
      expected: code.inline ? `the task itself, with its run function, as "${code.export}"` : `a function named "${code.export}"`,
    });
  }
  return run as AnyRun;
}

/** The code that this process has loaded, by task. Modules are loaded once and never again. */
const loaded = new Map<string, { readonly digest: string; readonly run: Promise<AnyRun> }>();

/**
 * The code of a task, if what this process has or would load is what the fingerprint describes. A source that was written after the process
 * began may already be in memory in its old form: `undefined` then, and the task has to run in a fresh process.
 */
export async function currentImplementation(
  task: string,
  code: CodeReference,
  fingerprint: Fingerprint,
  projectRoot: string,
  isPlanned: () => Promise<boolean>,
): Promise<AnyRun | undefined> {
  const name = `${task} ${code.url}`;
  const known = loaded.get(name);
  if (known !== undefined) return known.digest === fingerprint.digest ? known.run : undefined;
  if (!(await isOlderThan(performance.timeOrigin, fingerprint, projectRoot)) || !(await isPlanned())) return undefined;
  const run = importImplementation(code);
  loaded.set(name, { digest: fingerprint.digest, run });
  return run;
}

/** Whether no source of some code was written after a moment, in milliseconds since 1970. */
export async function isOlderThan(moment: number, fingerprint: Fingerprint, projectRoot: string): Promise<boolean> {
  const sources = Object.keys(fingerprint.modules).filter((path) => !path.startsWith('npm:'));
  const times = await Promise.all(
    sources.map((path) =>
      stat(join(projectRoot, path)).then(
        // A file put in place with an old time of writing has a new time of change.
        (file) => Math.max(file.mtimeMs, file.ctimeMs),
        () => Number.POSITIVE_INFINITY,
      ),
    ),
  );
  return times.every((time) => time < moment);
}

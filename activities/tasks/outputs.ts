import { realpath } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import type { Artifact, Form } from '../../engine/define/ports.ts';
import type { Store } from '../../engine/store/store.ts';
import { type Problem, SostenutoError } from '../../errors/problem.ts';

/**
 * Puts what a task returned into the store, each output in its form.
 * @throws SostenutoError `BAD_OUTPUT` when an output is missing, unknown or lies outside the work directory.
 */
export async function storeOutputs(
  store: Store,
  task: string,
  forms: Readonly<Record<string, Form>>,
  returned: unknown,
  workDirectory: () => string,
): Promise<Record<string, Artifact>> {
  const values: Record<string, unknown> = typeof returned === 'object' && returned !== null ? { ...returned } : {};
  const problems: Problem[] = [];
  for (const name of Object.keys(values)) if (!(name in forms)) problems.push(badOutput(task, name, 'an output that the task does not declare', Object.keys(forms).join(', ')));
  for (const name of Object.keys(forms)) if (values[name] === undefined) problems.push(badOutput(task, name, 'nothing', forms[name] ?? ''));
  if (problems.length > 0) throw new SostenutoError(problems);
  const outputs: Record<string, Artifact> = {};
  for (const [name, form] of Object.entries(forms)) {
    const value = values[name];
    if (form === 'json') outputs[name] = await store.putJson(value);
    else if (typeof value !== 'string') throw new SostenutoError(badOutput(task, name, typeof value, `the path of a ${form === 'file' ? 'file' : 'directory'}`));
    else {
      const path = await insidePath(task, name, value, workDirectory());
      outputs[name] = form === 'file' ? await store.putFile(path) : await store.putTree(path);
    }
  }
  return outputs;
}

async function insidePath(task: string, name: string, given: string, workDirectory: string): Promise<string> {
  const wanted = isAbsolute(given) ? given : join(workDirectory, given);
  const path = await realpath(wanted).catch(() => undefined);
  if (path === undefined) throw new SostenutoError(badOutput(task, name, `${given}, which does not exist`, 'a path inside the work directory'));
  const inside = relative(await realpath(workDirectory), path);
  if (inside.startsWith('..') || isAbsolute(inside)) throw new SostenutoError(badOutput(task, name, given, 'a path inside the work directory'));
  return path;
}

const badOutput = (task: string, name: string, found: string, expected: string): Problem => ({
  code: 'BAD_OUTPUT',
  what: `The task "${task}" returned something wrong for its output "${name}".`,
  where: name,
  found,
  expected,
});

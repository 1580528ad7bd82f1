import { realpath } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import type { Artifact, Form } from '../../engine/define/ports.ts';
import { canonicalJson, sha256 } from '../../engine/keys/keys.ts';
import type { Store } from '../../engine/store/store.ts';
import { type Problem, SostenutoError } from '../../errors/problem.ts';

/** Makes a result known; called when its references are. */
export type Commit = (outputs: Readonly<Record<string, Artifact>>) => Promise<void>;

/** JSON up to this size is named before it is written, so that it shares the disk's wait with its record. */
const smallBytes = 64 * 1024;

/**
 * Puts what a task returned into the store, each output in its form, and then calls `commit` with the references. Small JSON values are still being
 * written at that moment: a record that becomes visible before them counts only once they are there. Resolves when everything is on disk.
 * @throws SostenutoError `BAD_OUTPUT` when an output is missing, unknown or lies outside the work directory.
 */
export async function storeOutputs(
  store: Store,
  task: string,
  forms: Readonly<Record<string, Form>>,
  returned: unknown,
  workDirectory: () => string,
  commit: Commit = async () => {},
): Promise<Record<string, Artifact>> {
  const values: Record<string, unknown> = typeof returned === 'object' && returned !== null ? { ...returned } : {};
  const problems: Problem[] = [];
  for (const name of Object.keys(values))
    if (!(name in forms)) problems.push(badOutput(task, name, 'an output that the task does not declare', Object.keys(forms).join(', ')));
  for (const name of Object.keys(forms)) if (values[name] === undefined) problems.push(badOutput(task, name, 'nothing', forms[name] ?? ''));
  if (problems.length > 0) throw new SostenutoError(problems);
  const outputs: Record<string, Artifact> = {};
  const small: unknown[] = [];
  for (const [name, form] of Object.entries(forms)) {
    const value = values[name];
    if (form === 'json') {
      const text = canonicalJson(value);
      if (text.length > smallBytes) outputs[name] = await store.putJson(value);
      else {
        outputs[name] = { form, digest: sha256(text), bytes: Buffer.byteLength(text) };
        small.push(value);
      }
    } else if (typeof value !== 'string')
      throw new SostenutoError(badOutput(task, name, typeof value, `the path of a ${form === 'file' ? 'file' : 'directory'}`));
    else {
      const path = await insidePath(task, name, value, workDirectory());
      outputs[name] = form === 'file' ? await store.putFile(path) : await store.putTree(path);
    }
  }
  await Promise.all([...small.map((value) => store.putJson(value)), commit(outputs)]);
  return outputs;
}

async function insidePath(task: string, name: string, given: string, workDirectory: string): Promise<string> {
  const wanted = isAbsolute(given) ? given : join(workDirectory, given);
  const path = await realpath(wanted).catch(() => undefined);
  if (path === undefined)
    throw new SostenutoError(badOutput(task, name, `${given}, which does not exist`, 'a path inside the work directory'));
  const inside = relative(await realpath(workDirectory), path);
  if (inside.startsWith('..') || isAbsolute(inside))
    throw new SostenutoError(badOutput(task, name, given, 'a path inside the work directory'));
  return path;
}

const badOutput = (task: string, name: string, found: string, expected: string): Problem => ({
  code: 'BAD_OUTPUT',
  what: `The task "${task}" returned something wrong for its output "${name}".`,
  where: name,
  found,
  expected,
});

import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fingerprintTasks } from '../../../engine/fingerprint/fingerprint.ts';
import { temporaryFolder } from '../support/folders.ts';
import { testProject } from '../support/project.ts';

const files = {
  'tasks/scale.ts': `import { double } from '../lib/maths.ts';
import { round } from '../lib/index.ts';
export const scale = async ({ inputs }) => { const late = await import('../lib/late.ts'); return { value: round(double(inputs.value)) + late.offset }; };
export const unrelated = async () => ({ value: 7 });`,
  'tasks/shift.ts': `import { z } from 'small-package';
import { round } from '../lib/index.ts';
export const shift = async ({ inputs }) => ({ value: round(inputs.value + z) });`,
  'lib/maths.ts': `const factor: number = 2;
export function double(value: number): number { return value * factor; }
export function triple(value: number): number { return value * 3; }`,
  'lib/index.ts': `export default function round(value: number): number { return Math.round(value); }
export { round };`,
  'lib/late.ts': 'export const offset = 1;',
  'inline.ts': `import { defineTask } from 'sostenuto';
import { json } from '${join(import.meta.dirname, '../../../engine/define/ports.ts')}';
import { double } from './lib/maths.ts';
const outputs = { value: json<number>() };
export const first = defineTask({ name: 'first', inputs: {}, outputs, module: import.meta.url, run: async () => ({ value: double(4) }) });
export const second = defineTask({ name: 'second', inputs: {}, outputs: { value: json<number>() }, module: import.meta.url, run: async () => ({ value: 5 }) });`,
  'example.ts': `import { definePipeline, defineTask as task, type Artifact,
  json, type } from 'sostenuto';
import { z } from 'zod';
const settings = z.strictObject({ count: z.int().min(1).describe('how many') });
const code = (path: string) => ({ url: new URL(path, import.meta.url).href, export: 'x' });
export const elsewhere = task({ name: 'elsewhere', inputs: {}, outputs: { value: json<number>() }, params: type<{ a: Artifact }>(), implementation: code('./x.ts') });
export const third = task<{}, {}>({ name: 'third', inputs: {}, outputs: {}, module: import.meta.url, run: async () => ({ value: 3 }) });
export const fourth = task({ name: 'fourth', inputs: {}, outputs: {}, module: import.meta.url, run: async () => ({ value: settings.parse(4) }) });
export const example = definePipeline({ name: 'example', settings, presets: { ...elsewhere }, build({ node }) { node('a', third); node('b', fourth); } });`,
  'node_modules/zod/package.json': '{"name":"zod","version":"4.0.0"}',
  'node_modules/small-package/package.json': '{"name":"small-package","version":"1.0.0"}',
} as const;

type Project = ReturnType<typeof testProject>;
const take = (project: Project, cache?: string) =>
  fingerprintTasks(
    {
      scale: project.code('tasks/scale.ts', 'scale'),
      shift: project.code('tasks/shift.ts', 'shift'),
      first: project.code('inline.ts', 'first', true),
      second: project.code('inline.ts', 'second', true),
      third: project.code('example.ts', 'third', true),
      fourth: project.code('example.ts', 'fourth', true),
    },
    { projectRoot: project.root, ...(cache === undefined ? {} : { cache }) },
  );

/** Names of the tasks whose digest an edit changes. */
async function changedBy(edit: (project: Project) => void): Promise<string[]> {
  const project = testProject(files);
  const before = await take(project);
  edit(project);
  const after = await take(project);
  return Object.keys(after).filter((task) => after[task]?.digest !== before[task]?.digest);
}
const replace = (name: keyof typeof files, from: string, to: string) => (project: Project) => {
  expect(files[name]).toContain(from);
  project.write(name, files[name].replaceAll(from, to));
};

describe('a fingerprint changes with', () => {
  test.each([
    ['the body of the task', replace('tasks/scale.ts', '+ late.offset', '- late.offset'), ['scale']],
    ['a constant of a helper', replace('lib/maths.ts', 'factor: number = 2', 'factor: number = 4'), ['first', 'scale']],
    ['a module that is loaded late', replace('lib/late.ts', '1', '3'), ['scale']],
    ['a module that several tasks use', replace('lib/index.ts', 'Math.round', 'Math.floor'), ['scale', 'shift']],
    ['the version of a package', replace('node_modules/small-package/package.json', '1.0.0', '1.0.1'), ['shift']],
    ['the code of one of several tasks beside their pipeline', replace('example.ts', 'value: 3', 'value: 30'), ['third']],
    ['a schema that the task uses', replace('example.ts', '.min(1)', '.min(2)'), ['fourth']],
    ['the code of an inline task', replace('inline.ts', 'value: 5', 'value: 6'), ['second']],
  ])('%s', async (_, edit, changed) => {
    expect(await changedBy(edit)).toEqual(changed);
  });
});

describe('a fingerprint does not change with', () => {
  test.each([
    ['a comment', replace('lib/maths.ts', 'const factor', '// times two\nconst /* the */ factor')],
    ['formatting', replace('lib/maths.ts', '{ return value * factor; }', '{\n\n    return (value   * factor)\n}')],
    ['a type', replace('lib/maths.ts', 'double(value: number): number', 'double<T extends number>(value: T): number')],
    ['the name of a local variable', replace('lib/index.ts', 'value', 'quantity')],
    ['an unrelated export of the same file', replace('tasks/scale.ts', 'value: 7', 'value: 8, eeeeeeeeeeee: "zzzzzzzzzzzzzzzz"')],
    ['an export of a helper that is not used', replace('lib/maths.ts', 'value * 3', 'value + value + value')],
    [
      'a new task in the same file',
      replace(
        'inline.ts',
        'export const second',
        'export const third = defineTask({ name: "third", outputs: { a: json() } });\nexport const second',
      ),
    ],
  ])('%s', async (_, edit) => {
    expect(await changedBy(edit)).toEqual([]);
  });

  test('the place of the project', async () => {
    const here = testProject(files);
    const there = testProject({}, join(temporaryFolder(), 'deeper', 'elsewhere'));
    cpSync(here.root, there.root, { recursive: true });
    expect(await take(there)).toEqual(await take(here));
  });
});

test('the modules of a fingerprint are those that contribute, and a change names its file', async () => {
  const project = testProject(files);
  const before = await take(project);
  expect(Object.keys(before['scale']?.modules ?? {})).toEqual(['lib/index.ts', 'lib/late.ts', 'lib/maths.ts', 'tasks/scale.ts']);
  expect(before['shift']?.modules['npm:small-package']).toBe('1.0.0');
  replace('lib/maths.ts', 'factor: number = 2', 'factor: number = 4')(project);
  const after = await take(project);
  const changed = Object.keys(after['scale']?.modules ?? {}).filter(
    (file) => after['scale']?.modules[file] !== before['scale']?.modules[file],
  );
  expect(changed).toEqual(['lib/maths.ts']);
});

describe('a memo', () => {
  test('answers as long as no file changed', async () => {
    const [project, cache] = [testProject(files), temporaryFolder()];
    const first = await take(project, cache);
    expect(await take(project, cache)).toEqual(first);
    replace('lib/maths.ts', 'factor: number = 2', 'factor: number = 3')(project);
    expect((await take(project, cache))['scale']?.digest).not.toBe(first['scale']?.digest);
  });

  test('notices a new version of a package', async () => {
    const [project, cache] = [testProject(files), temporaryFolder()];
    const first = await take(project, cache);
    replace('node_modules/small-package/package.json', '1.0.0', '1.0.1')(project);
    const second = await take(project, cache);
    expect(Object.keys(second).filter((task) => second[task]?.digest !== first[task]?.digest)).toEqual(['shift']);
  });
});

describe('unreadable code is refused with the place:', () => {
  test.each([
    ['a missing export', 'export const other = 1;', 'CODE_EXPORT_MISSING'],
    ['a mistake of syntax', 'export const scale = = 1;', 'CODE_UNREADABLE'],
    ['a missing module', 'import { a } from "./nowhere.ts"; export const scale = () => a;', 'CODE_UNREADABLE'],
    ['an unknown package', 'import { a } from "no-such-package"; export const scale = () => a;', 'CODE_UNREADABLE'],
  ])('%s', async (_, text, code) => {
    const project = testProject({ 'scale.ts': text });
    await expect(fingerprintTasks({ scale: project.code('scale.ts', 'scale') }, { projectRoot: project.root })).rejects.toMatchObject({
      code,
    });
  });
});

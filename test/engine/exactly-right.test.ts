import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { definePipeline, type Ref } from '../../engine/define/pipeline.ts';
import { type JsonPort, json, type } from '../../engine/define/ports.ts';
import { defineTask } from '../../engine/define/task.ts';
import { planPipeline } from '../../engine/plan/plan.ts';
import { openStore } from '../../engine/store/store.ts';
import { drive, type Failure } from './support/driver.ts';
import { temporaryFolder } from './support/folders.ts';
import { type TestProject, testProject } from './support/project.ts';

// A random program: nodes that read from earlier nodes, a setting each, bodies, helpers, and one module that all use. What
// should run again is decided here from the meaning of the program alone, without keys, bundles or a store.

const helperCount = 3;
interface NodeModel {
  readonly reads: readonly number[];
  readonly helpers: readonly number[];
  body: number;
  setting: number;
}
interface Model {
  readonly nodes: NodeModel[];
  readonly helpers: number[];
  every: number;
  /** Text of a source file that the first node takes in by its content. */
  source: string;
  readonly comments: Record<string, number>;
  readonly unused: Record<string, number>;
}

const small = fc.nat(2);
const modelArbitrary = fc
  .array(
    fc.record({
      reads: fc.array(fc.nat(), { maxLength: 3 }),
      helpers: fc.uniqueArray(fc.nat(helperCount - 1)),
      body: small,
      setting: small,
    }),
    { minLength: 2, maxLength: 8 },
  )
  .map(
    (nodes): Model => ({
      nodes: nodes.map((node, index) => ({ ...node, reads: index === 0 ? [] : [...new Set(node.reads.map((read) => read % index))] })),
      helpers: [0, 0, 0],
      every: 0,
      source: 'abc',
      comments: {},
      unused: {},
    }),
  );
const editArbitrary = fc.oneof(
  fc.record({ kind: fc.constantFrom('body', 'setting', 'helper', 'every'), at: fc.nat(), value: small }),
  fc.record({ kind: fc.constantFrom('source', 'comment', 'unused'), at: fc.nat(), value: small }),
);
type Edit = { readonly kind: string; readonly at: number; readonly value: number };
const failureArbitrary = fc.array(fc.tuple(fc.nat(), fc.constantFrom<Failure>('throws', 'dies')), { maxLength: 2 });

function apply(model: Model, { kind, at, value }: Edit): void {
  const node = model.nodes[at % model.nodes.length];
  const files = [...model.nodes.keys()]
    .map((index) => `nodes/n${index}.ts`)
    .concat(...model.helpers.map((_, index) => `lib/helper${index}.ts`), 'lib/every.ts');
  const file = files[at % files.length] ?? '';
  if (kind === 'body' && node) node.body = value;
  else if (kind === 'setting' && node) node.setting = value;
  else if (kind === 'helper') model.helpers[at % helperCount] = value;
  else if (kind === 'every') model.every = value;
  else if (kind === 'source') model.source = ['abc', 'abd', 'abcd'][value] ?? '';
  else if (kind === 'comment') model.comments[file] = value;
  else model.unused[file] = value;
}

/** The program as files. */
function write(project: TestProject, model: Model): void {
  const put = (name: string, text: string) =>
    project.write(
      name,
      `// comment ${model.comments[name] ?? 0}\n${text}\nexport const unused = () => 'nobody calls this ${model.unused[name] ?? 0}';\n`,
    );
  put('lib/every.ts', `export const every = (value: number) => value * 2 + ${model.every};`);
  for (const [index, value] of model.helpers.entries())
    put(`lib/helper${index}.ts`, `const offset = ${value};\nexport function helper${index}(x: number): number { return x + offset; }`);
  for (const [index, { reads, helpers, body }] of model.nodes.entries()) {
    const imports = helpers.map((helper) => `import { helper${helper} } from '../lib/helper${helper}.ts';`).join('\n');
    const sum = [
      ...reads.map((_, at) => `inputs.in${at}`),
      ...helpers.map((helper) => `helper${helper}(params.setting)`),
      'every(params.source.length)',
      String(body),
    ].join(' + ');
    put(
      `nodes/n${index}.ts`,
      `import { every } from '../lib/every.ts';\n${imports}\nexport const run = async ({ inputs, params }) => ({ value: (${sum}) % 4 });`,
    );
  }
}

function pipelineOf(project: TestProject, model: Model) {
  return definePipeline({
    name: 'random',
    description: 'A random program',
    settings: z.strictObject({}),
    presets: {},
    build({ node }) {
      const made: Ref<JsonPort<number>>[] = [];
      for (const [index, { reads, setting }] of model.nodes.entries()) {
        const inputs = Object.fromEntries(reads.map((read, at) => [`in${at}`, made[read]]).filter(([, ref]) => ref !== undefined));
        const { url } = project.code(`nodes/n${index}.ts`, 'run');
        const ports = Object.fromEntries(reads.map((_, at) => [`in${at}`, json<number>()]));
        const task = defineTask({
          name: `run${index}`,
          inputs: ports,
          outputs: { value: json<number>() },
          params: type<{ setting: number; source: string }>(),
          implementation: { url, export: 'run' },
        });
        made.push(node(`n${index}`, task, { inputs, params: { setting, source: index === 0 ? model.source : '' } }).value);
      }
    },
  });
}

/** What a run must execute, and the values it must give. `finished` holds everything whose result was recorded. */
function predict(
  model: Model,
  failures: ReadonlyMap<string, Failure>,
  finished: Set<string>,
): { executed: string[]; values: Record<string, number> } {
  const executed: string[] = [];
  const values: Record<string, number> = {};
  for (const [index, { reads, helpers, body, setting }] of model.nodes.entries()) {
    const inputs = reads.map((read) => values[`n${read}`]);
    if (inputs.includes(undefined)) continue;
    const source = index === 0 ? model.source : '';
    const code = { body, every: model.every, helpers: helpers.map((helper) => model.helpers[helper]) };
    const meaning = JSON.stringify({ index, inputs, setting, source, code });
    if (!finished.has(meaning)) {
      const failure = failures.get(`n${index}`);
      if (failure === 'throws') continue;
      executed.push(`n${index}`);
      if (failure === 'dies') return { executed, values };
      finished.add(meaning);
    }
    const helped = helpers.reduce((sum, helper) => sum + setting + (model.helpers[helper] ?? 0), 0);
    values[`n${index}`] =
      (inputs.reduce<number>((sum, input) => sum + (input ?? 0), 0) + helped + source.length * 2 + model.every + body) % 4;
  }
  return { executed, values };
}

test('whatever is edited and wherever a run fails, exactly the right nodes run again', async () => {
  const attempt = fc.record({ edits: fc.array(editArbitrary, { minLength: 1, maxLength: 2 }), failures: failureArbitrary });
  await fc.assert(
    fc.asyncProperty(modelArbitrary, fc.array(attempt, { minLength: 2, maxLength: 5 }), async (start, attempts) => {
      const model = structuredClone(start);
      const project = testProject();
      const store = await openStore(temporaryFolder());
      const finished = new Set<string>();
      for (const { edits, failures } of [{ edits: [], failures: [] }, ...attempts]) {
        for (const edit of edits) apply(model, edit);
        write(project, model);
        const plan = planPipeline(pipelineOf(project, model));
        const failing = new Map(failures.map(([at, failure]) => [`n${at % model.nodes.length}`, failure]));
        // First with the failures, then again without: only what is missing runs; then once more: nothing runs.
        for (const points of [failing, new Map<string, Failure>(), new Map<string, Failure>()]) {
          const expected = predict(model, points, finished);
          const { executed, values, explanations } = await drive(store, plan, project.root, points);
          expect({ executed, values }).toEqual(expected);
          for (const node of executed)
            expect(explanations[node]).toMatchObject({ decision: 'run', reasons: expect.arrayContaining([expect.anything()]) });
        }
      }
    }),
    { numRuns: 12 },
  );
}, 120_000);

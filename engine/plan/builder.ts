import { type Problem, SostenutoError } from '../../errors/problem.ts';
import type { Builder, GateOptions, MapOptions, NodeOptions, Pipeline, Ref } from '../define/pipeline.ts';
import { type Form, json, type Port, type Ports } from '../define/ports.ts';
import type { Task } from '../define/task.ts';
import { canonicalJson } from '../keys/keys.ts';
import type { PlannedInput, PlannedNode } from './plan.ts';

/** What the planner reads of a task; its types do not matter here. */
type Declared = Pick<Task, 'name' | 'inputs' | 'outputs' | 'queue' | 'runs' | 'timeout' | 'implementation' | 'module'> & {
  readonly endParams?: readonly string[];
  readonly run?: unknown;
};
interface Wired {
  readonly inputs: Readonly<Record<string, Ref>>;
  readonly params: unknown;
}

/** Lets the pipeline wire its nodes and notes what is wrong instead of stopping at the first mistake. */
export function collectNodes<Settings>(pipeline: Pipeline<Settings>, settings: Settings): { nodes: PlannedNode[]; problems: Problem[] } {
  const nodes: PlannedNode[] = [];
  const problems: Problem[] = [];
  const declarations = new Map<string, Declared>();

  const addTask = (id: string, task: Declared, wired: Wired, options: MapOptions, over?: Ref) => {
    problems.push(...checkTask(task, declarations), ...checkInputs(id, task, wired.inputs));
    if (over !== undefined && 'quarantined' in task.outputs) problems.push(reservedOutput(id, task.name));
    const code = codeOf(task);
    nodes.push({
      id,
      kind: over === undefined ? 'task' : 'map',
      task: task.name,
      queue: options.queue ?? task.queue ?? 'light',
      runs: task.runs ?? 'worker',
      timeout: options.timeout ?? task.timeout ?? '1 hour',
      heartbeatSeconds: options.heartbeatSeconds ?? 30,
      inputs: mapValues(wired.inputs, edge),
      ...(over === undefined ? {} : { over: edge(over) }),
      params: plainParams(id, wired.params, problems),
      operational: options.operational ?? {},
      endParams: task.endParams ?? [],
      maxFailures: options.maxFailures ?? 0,
      outputs: mapValues(task.outputs, ({ form }) => form),
      ...(code === undefined ? {} : { code }),
    });
  };

  const builder: Builder = {
    node<In extends Ports, Out extends Ports, Params>(
      id: string,
      task: Task<In, Out, Params, undefined>,
      wiring: Wired,
      options: NodeOptions = {},
    ) {
      addTask(id, task, wiring, options);
      return refs(id, task.outputs);
    },
    each<In extends Ports, Out extends Ports, Params, Item>(
      id: string,
      task: Task<In, Out, Params, Item>,
      over: Ref,
      wiring: Wired,
      options: MapOptions = {},
    ) {
      addTask(id, task, wiring, options, over);
      return refs(id, { ...mapValues<Port, Port>(task.outputs, () => json()), quarantined: json() });
    },
    gate(id: string, question: string, about: readonly Ref[], options?: GateOptions<Port>) {
      const outputs: Record<string, Port> = { decision: json(), ...(options && { answer: options.answer }) };
      const inputs = Object.fromEntries(about.map((ref) => [`${ref.node}.${ref.output}`, edge(ref)]));
      nodes.push({
        id,
        kind: 'gate',
        task: 'gate',
        queue: 'light',
        runs: 'local',
        timeout: '365 days',
        heartbeatSeconds: 30,
        inputs,
        params: plainParams(id, options?.params, problems),
        operational: {},
        endParams: [],
        maxFailures: 0,
        outputs: mapValues(outputs, ({ form }) => form),
        question,
      });
      return refs(id, outputs);
    },
  };
  pipeline.build(builder, settings);
  return { nodes, problems };
}

const edge = ({ node, output }: Ref): PlannedInput => ({ node, output });

/** The handles of outputs. Their types were decided by the compiler where the builder was called. */
// biome-ignore lint/suspicious/noExplicitAny: the builder's own signature gives the exact type; here it is erased once.
const refs = (node: string, ports: Readonly<Record<string, Port>>): any => mapEntries(ports, (output, port) => ({ node, output, port }));

function mapValues<From, To>(from: Readonly<Record<string, From>>, change: (value: From) => To): Record<string, To> {
  return mapEntries(from, (_, value) => change(value));
}
function mapEntries<From, To>(from: Readonly<Record<string, From>>, change: (name: string, value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(from).map(([name, value]) => [name, change(name, value)]));
}

function codeOf(task: Declared): PlannedNode['code'] {
  if (task.implementation !== undefined) return { ...task.implementation, inline: false };
  if (task.module !== undefined) return { url: task.module, export: task.name, inline: true };
  return undefined;
}

function checkTask(task: Declared, declarations: Map<string, Declared>): Problem[] {
  const known = declarations.get(task.name);
  if (known === task) return [];
  declarations.set(task.name, task);
  const where = `task "${task.name}"`;
  const problems: Problem[] = [];
  if (known !== undefined) {
    problems.push({ code: 'DUPLICATE_TASK', what: `Two tasks are named "${task.name}".`, where, expected: 'one declaration a name' });
  }
  const inline = task.run !== undefined;
  if (inline === (task.implementation !== undefined)) {
    problems.push({
      code: 'BAD_TASK',
      what: `The code of task "${task.name}" is ${inline ? 'given twice' : 'missing'}.`,
      where,
      expected: 'either `implementation`, or `run` with `module: import.meta.url`',
    });
  } else if (inline && task.module === undefined) {
    problems.push({
      code: 'BAD_TASK',
      what: `Task "${task.name}" has its code inline but does not say in which module.`,
      where,
      expected: '`module: import.meta.url` beside `run`',
    });
  }
  return problems;
}

function checkInputs(id: string, task: Declared, inputs: Readonly<Record<string, Ref>>): Problem[] {
  const problems: Problem[] = [];
  const names = Object.keys(task.inputs);
  for (const name of names)
    if (!Object.hasOwn(inputs, name))
      problems.push(wrongInput(id, name, 'nothing', `an output for input "${name}" of task "${task.name}"`));
  for (const [name, ref] of Object.entries(inputs)) {
    const port = task.inputs[name];
    if (port === undefined) problems.push(wrongInput(id, name, `input "${name}"`, names.length === 0 ? 'no input' : names.join(', ')));
    else if (port.form !== ref.port.form || port.kind !== ref.port.kind) {
      problems.push(wrongInput(id, name, `${describePort(ref.port)} (${ref.node}.${ref.output})`, describePort(port)));
    }
  }
  return problems;
}

const describePort = ({ form, kind }: { form: Form; kind: string }): string => (form === 'json' ? 'json' : `${form} of kind "${kind}"`);

function wrongInput(id: string, name: string, found: string, expected: string): Problem {
  return { code: 'WRONG_INPUT', what: `Node "${id}" is wired wrongly.`, where: `${id}.${name}`, found, expected };
}

function reservedOutput(id: string, task: string): Problem {
  return {
    code: 'BAD_NAME',
    what: `Task "${task}" cannot run in a map: its output "quarantined" has the name of the map's own list of failed elements.`,
    where: id,
    expected: 'another name for that output',
  };
}

function plainParams(id: string, params: unknown, problems: Problem[]): unknown {
  try {
    return JSON.parse(canonicalJson(params ?? {}));
  } catch (error) {
    if (!(error instanceof SostenutoError)) throw error;
    problems.push(
      ...error.problems.map((problem) => ({
        ...problem,
        code: 'BAD_PARAMS',
        what: `The params of node "${id}" are not plain JSON.`,
        where: `${id}.${problem.where}`,
      })),
    );
    return {};
  }
}

import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { type ActionRecord, findAction, recordAction, thisMachine } from '../../../engine/actions/actions.ts';
import type { Artifact } from '../../../engine/define/ports.ts';
import { type Explanation, explainNode } from '../../../engine/explain/explain.ts';
import { type Fingerprint, fingerprintTasks } from '../../../engine/fingerprint/fingerprint.ts';
import { nodeKey } from '../../../engine/keys/keys.ts';
import type { Plan, PlannedNode } from '../../../engine/plan/plan.ts';
import type { Store } from '../../../engine/store/store.ts';

/** How a node goes wrong in a run: its code throws, or the whole process dies after its code has finished. */
export type Failure = 'throws' | 'dies';

export interface DriveResult {
  /** Nodes whose code finished, in order. */
  readonly executed: readonly string[];
  readonly values: Readonly<Record<string, unknown>>;
  readonly explanations: Readonly<Record<string, Explanation>>;
}

/** A process that runs a plan of single tasks with JSON outputs, one node after the other, as the executor does. */
export async function drive(
  store: Store,
  plan: Plan,
  projectRoot: string,
  failures: ReadonlyMap<string, Failure> = new Map(),
): Promise<DriveResult> {
  const code = await fingerprintTasks(Object.fromEntries(plan.nodes.flatMap((node) => (node.code ? [[node.task, node.code]] : []))), {
    projectRoot,
  });
  const outputs = new Map<string, Artifact>();
  const result = { executed: [] as string[], values: {} as Record<string, unknown>, explanations: {} as Record<string, Explanation> };
  for (const node of plan.nodes) {
    const upstream = Object.entries(node.inputs).map(([name, source]) => [name, outputs.get(source.node)] as const);
    if (upstream.some(([, artifact]) => artifact === undefined)) continue;
    const inputs = Object.fromEntries(upstream.flatMap(([name, artifact]) => (artifact ? [[name, artifact.digest]] : [])));
    const fingerprint = code[node.task] ?? { digest: '', modules: {} };
    const key = nodeKey({ task: node.task, params: node.params, inputs, code: fingerprint.digest });
    result.explanations[node.id] = await explainNode(store, {
      node: node.id,
      task: node.task,
      key,
      params: node.params,
      inputs,
      code: fingerprint,
      upstream: node.inputs,
    });
    const known = await findAction(store, key);
    const artifact =
      known?.outputs['value'] ?? (await execute(store, node, key, inputs, outputs, fingerprint, failures.get(node.id), result.executed));
    if (artifact === 'died') return result;
    if (artifact === undefined) continue;
    outputs.set(node.id, artifact);
    result.values[node.id] = await store.readJson(artifact);
  }
  return result;
}

async function execute(
  store: Store,
  node: PlannedNode,
  key: string,
  digests: Record<string, string>,
  outputs: ReadonlyMap<string, Artifact>,
  code: Fingerprint,
  failure: Failure | undefined,
  executed: string[],
): Promise<Artifact | 'died' | undefined> {
  if (failure === 'throws') return undefined;
  const inputs: Record<string, unknown> = {};
  for (const [name, source] of Object.entries(node.inputs)) {
    const artifact = outputs.get(source.node);
    if (artifact !== undefined) inputs[name] = await store.readJson(artifact);
  }
  const run = await load(node);
  const { value } = await run({ inputs, params: node.params });
  executed.push(node.id);
  const artifact = await store.putJson(value);
  if (failure === 'dies') return 'died';
  const common = {
    format: 1,
    key,
    task: node.task,
    node: node.id,
    params: node.params,
    inputs: digests,
    outputs: { value: artifact },
    code,
  } as const;
  const record: ActionRecord = {
    ...common,
    machine: thisMachine(),
    startedAt: new Date().toISOString(),
    seconds: 0,
    attempts: 1,
    token: 0,
  };
  return recordAction(store, record).then(
    () => artifact,
    () => 'died',
  );
}

/** The code as it lies on disk now. */
async function load(node: PlannedNode): Promise<(run: { inputs: unknown; params: unknown }) => Promise<{ value: unknown }>> {
  const file = fileURLToPath(node.code?.url ?? '');
  const built = await esbuild.build({
    entryPoints: [file],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    logLevel: 'silent',
  });
  const text = built.outputFiles[0]?.text ?? '';
  const module: Record<string, (run: { inputs: unknown; params: unknown }) => Promise<{ value: unknown }>> = await import(
    `data:text/javascript,${encodeURIComponent(text)}`
  );
  const run = module[node.code?.export ?? ''];
  if (run === undefined) throw new Error(`${file} has no code`);
  return run;
}

import { type ZodType, z } from 'zod';
import { type Problem, SostenutoError } from '../../errors/problem.ts';
import { QUEUES } from '../define/task.ts';
import { shown } from './allowed.ts';
import { checkGraph, inOrder } from './graph.ts';
import type { Plan } from './plan.ts';

const input = z.strictObject({ node: z.string(), output: z.string() });
const names = z.record(z.string(), z.enum(['json', 'file', 'tree']));
const fingerprint = z.strictObject({ digest: z.string().regex(/^[0-9a-f]{64}$/), modules: z.record(z.string(), z.string()) });
const node = z.strictObject({
  id: z.string(),
  kind: z.enum(['task', 'map', 'gate']),
  task: z.string(),
  queue: z.enum(QUEUES),
  runs: z.enum(['local', 'worker', 'process']),
  timeout: z.string(),
  heartbeatSeconds: z.number(),
  inputs: z.record(z.string(), input),
  over: z.exactOptional(input),
  params: z.unknown(),
  operational: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
  endParams: z.array(z.string()),
  maxFailures: z.number(),
  outputs: names,
  question: z.exactOptional(z.string()),
  code: z.exactOptional(z.strictObject({ url: z.string(), export: z.string(), inline: z.boolean() })),
});
const planSchema: ZodType<Plan> = z.strictObject({
  format: z.literal(1),
  pipeline: z.string(),
  preset: z.string(),
  settings: z.unknown(),
  nodes: z.array(node),
  code: z.record(z.string(), fingerprint),
});

/** Checks a plan that came as data (a file, a payload) and puts its nodes in order. Throws one error with every problem. */
export function validatePlan(plan: unknown): Plan {
  const parsed = planSchema.safeParse(plan);
  if (!parsed.success) {
    throw new SostenutoError(
      parsed.error.issues.map(
        (issue): Problem => ({
          code: 'BAD_PLAN',
          what: 'The plan does not have the form of a plan.',
          where: issue.path.join('.') || 'plan',
          expected: issue.message,
        }),
      ),
    );
  }
  const { nodes } = parsed.data;
  const problems = [
    ...nodes
      .filter(({ kind, over }) => (kind === 'map') !== (over !== undefined))
      .map(
        ({ id, kind, over }): Problem => ({
          code: 'BAD_PLAN',
          what: `Node "${id}" is a ${kind} ${over ? 'with' : 'without'} a list to run over.`,
          where: id,
          expected: 'a list for a map and only there',
          found: shown(over),
        }),
      ),
    ...checkGraph(nodes),
  ];
  if (problems.length > 0) throw new SostenutoError(problems);
  return { ...parsed.data, nodes: inOrder(nodes) };
}

import { SostenutoError } from '../../errors/problem.ts';
import type { Pipeline } from '../define/pipeline.ts';
import type { Form } from '../define/ports.ts';
import type { Queue } from '../define/task.ts';
import type { Fingerprint } from '../fingerprint/fingerprint.ts';
import { collectNodes } from './builder.ts';
import { checkGraph, inOrder } from './graph.ts';
import { resolveSettings } from './settings.ts';

/** An edge: the output of another node. */
export interface PlannedInput {
  readonly node: string;
  readonly output: string;
}

export interface PlannedNode {
  readonly id: string;
  readonly kind: 'task' | 'map' | 'gate';
  /** Activity type; of a gate, `gate`. */
  readonly task: string;
  readonly queue: Queue;
  readonly runs: 'local' | 'worker' | 'process';
  /** For example `2 days`. */
  readonly timeout: string;
  readonly heartbeatSeconds: number;
  readonly inputs: Readonly<Record<string, PlannedInput>>;
  /** Of a map: the list whose elements it runs for. */
  readonly over?: PlannedInput;
  readonly params: unknown;
  /** Never enters a key. */
  readonly operational: Readonly<Record<string, number | string | boolean>>;
  readonly endParams: readonly string[];
  readonly maxFailures: number;
  /**
   * What one execution of the task returns. The outputs of a map, as others see them, are JSON lists under the same names
   * (`Mapped[]`), and `quarantined`.
   */
  readonly outputs: Readonly<Record<string, Form>>;
  /** Of a gate. */
  readonly question?: string;
  /** Where the code lies; of an inline task, `export` is the task object and its `run` is the code. */
  readonly code?: { readonly url: string; readonly export: string; readonly inline: boolean };
}

/** A pipeline with its settings filled in: plain JSON. */
export interface Plan {
  readonly format: 1;
  readonly pipeline: string;
  readonly preset: string;
  readonly settings: unknown;
  /** Every node stands after those it reads from. */
  readonly nodes: readonly PlannedNode[];
  /** Fingerprint of every task; empty until they are taken. */
  readonly code: Readonly<Record<string, Fingerprint>>;
}

/** What a person may say about a run of a pipeline. */
export interface PlanRequest {
  /** Default: the pipeline's first. */
  readonly preset?: string;
  /** Merged deeply over the preset; lists are replaced. */
  readonly settings?: unknown;
}

/**
 * Plans a pipeline: preset and settings are merged and checked, nodes collected, wired and put in order.
 * Throws one `SostenutoError` with every problem: first those of the settings, with path, value and what is allowed;
 * if these are fine, those of the graph (names, duplicates, unknown or mismatched inputs, cycles).
 */
export function planPipeline<Settings>(pipeline: Pipeline<Settings>, request: PlanRequest = {}): Plan {
  const { preset, settings } = resolveSettings(pipeline, request);
  const { nodes, problems } = collectNodes(pipeline, settings);
  const all = [...problems, ...checkGraph(nodes)];
  if (all.length > 0) throw new SostenutoError(all);
  return { format: 1, pipeline: pipeline.name, preset, settings, nodes: inOrder(nodes), code: {} };
}

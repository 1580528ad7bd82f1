import type { ZodType } from 'zod';
import type { JsonPort, Port, Ports } from './ports.ts';
import type { Queue, Task } from './task.ts';

/** Handle of a node's output; an edge is a handle passed on, so there are no names to misspell. */
export interface Ref<P extends Port = Port> {
  readonly node: string;
  readonly output: string;
  readonly port: P;
}
export type Refs<Out extends Ports> = { readonly [K in keyof Out]: Ref<Out[K]> };

/** An element of a mapped list must name itself: its key and its history follow the name, never the position. */
export interface Element {
  readonly id: string;
}
/** One finished element of a map. */
export interface Mapped {
  readonly id: string;
  readonly artifact: import('./ports.ts').Artifact;
}
export interface Quarantined {
  readonly id: string;
  readonly reason: string;
}

export interface NodeOptions {
  readonly queue?: Queue;
  readonly timeout?: string;
  /** Seconds without a sign of life after which the node is given to another worker. Default 30. */
  readonly heartbeatSeconds?: number;
  /** Never enters a key: threads, checkpoint cadence, logging. */
  readonly operational?: Readonly<Record<string, number | string | boolean>>;
}
export interface MapOptions extends NodeOptions {
  /** Elements that may fail and be quarantined before the node fails. Default 0. */
  readonly maxFailures?: number;
}
export interface GateDecision {
  readonly approved: boolean;
  readonly by: string;
  readonly note: string;
}
/** A gate that wants more than a yes. */
export interface GateOptions<Answer extends Port> {
  /** What an approval brings along, as a reference to the store; nodes read it as the gate's output `answer`. */
  readonly answer: Answer;
  /** What whoever answers has to know. Like the question, it enters the key: with other params the gate asks again. */
  readonly params?: unknown;
}

export interface Wiring<In extends Ports, Params> {
  readonly inputs: { readonly [K in keyof In]: Ref<NoInfer<In[K]>> };
  readonly params: NoInfer<Params>;
}

export interface Builder {
  /** A task. Returns the handles of its outputs. */
  node<In extends Ports, Out extends Ports, Params>(
    id: string,
    task: Task<In, Out, Params, undefined>,
    wiring: Wiring<In, Params>,
    options?: NodeOptions,
  ): Refs<Out>;
  /** The task once for every element of a list that is known only at run time. Each output becomes a list in the order of the elements. */
  each<In extends Ports, Out extends Ports, Params, Item extends Element>(
    id: string,
    task: Task<In, Out, Params, Item>,
    over: Ref<JsonPort<readonly NoInfer<Item>[]>>,
    wiring: Wiring<In, Params>,
    options?: MapOptions,
  ): { readonly [K in keyof Out]: Ref<JsonPort<readonly Mapped[]>> } & { readonly quarantined: Ref<JsonPort<readonly Quarantined[]>> };
  /** Waits for a person: `sostenuto approve <run> <id>` or the update `approve`. */
  gate(id: string, question: string, about: readonly Ref[]): { readonly decision: Ref<JsonPort<GateDecision>> };
  /** The same with an answer, such as the judgments of `sostenuto label`. A refusal skips the gate with what reads it. */
  gate<Answer extends Port>(
    id: string,
    question: string,
    about: readonly Ref[],
    options: GateOptions<Answer>,
  ): { readonly decision: Ref<JsonPort<GateDecision>>; readonly answer: Ref<Answer> };
}

/** What is known of a node's cost before it runs. */
export interface NodeEstimate {
  readonly node: string;
  /** Values of its model, and of those that it trains. */
  readonly parameters: number;
  readonly trained: number;
  /** Bytes at the peak. */
  readonly memory: number;
  readonly steps: number;
}

export interface Pipeline<Settings = unknown> {
  readonly name: string;
  readonly description: string;
  /** Validates and defaults; unknown fields are refused by name. */
  readonly settings: ZodType<Settings>;
  /** Named starting points; the first is the default. Values are partial settings, merged deeply. */
  readonly presets: Readonly<Record<string, unknown>>;
  /** What nodes will cost, as far as that is known before they run; shown by `sostenuto plan`. */
  estimate?(settings: Settings): readonly NodeEstimate[];
  /** Wires the nodes. A method, so that pipelines with different settings fit into one registry. */
  build(builder: Builder, settings: Settings): void;
}

export const definePipeline = <Settings>(pipeline: Pipeline<Settings>): Pipeline<Settings> => Object.freeze(pipeline);

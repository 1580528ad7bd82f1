import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeProblem, SostenutoError } from '../../../errors/problem.ts';
import type { Tensor, Tf } from '../types.ts';
import { graphNodes, type Precision } from './graph.ts';
import { savedModel } from './graph-def.ts';
import { type NativeBackend, nativeBackend } from './native-backend.ts';
import type { Bytes } from './protobuf.ts';
import { record } from './record.ts';
import { turnSlowFactors } from './turned-factors.ts';

export type TensorFunction = (inputs: readonly Tensor[]) => readonly Tensor[];

export interface CompileOptions {
  /** Of products and convolutions; default `f32`. Only a compiled function knows another one. */
  readonly precision?: Precision;
  /** Told once, in words, when a function runs as it is written although it was to be compiled; default: a warning of the process. */
  readonly notice?: (message: string) => void;
}

/**
 * Makes one native call of a function of tensors: it is run once and recorded, written as a TensorFlow graph, and from then on
 * the graph runs, which shares buffers and fuses operations. Where there is no native backend, or the function cannot be recorded
 * (`NOT_COMPILABLE`, told to `notice`), the function itself runs with its intermediates freed.
 *
 * The function must be pure: shapes fixed by the inputs' shapes, no value read on the host, everything that changes from call to
 * call among the inputs (a variable that is used from outside counts as an input if it is passed as one, else as a constant).
 * One graph is kept for each set of input shapes.
 */
export function compile(
  tf: Tf,
  run: TensorFunction,
  { precision = 'f32', notice = (message) => process.emitWarning(message) }: CompileOptions = {},
): { readonly call: TensorFunction; dispose(): void } {
  const eager: TensorFunction = (inputs) => tf.tidy(() => [...run(inputs)]);
  const backend = nativeBackend(tf);
  if (!backend) {
    if (precision !== 'f32') notice(`Precision ${precision} needs the native backend; ${tf.getBackend()} computes in float32.`);
    return { call: eager, dispose: () => {} };
  }
  const graphs = new Map<string, Graph>();
  let compilable = true;
  const graphOf = (inputs: readonly Tensor[]): Graph | undefined => {
    const signature = JSON.stringify(inputs.map(({ shape, dtype }) => [shape, dtype]));
    const known = graphs.get(signature);
    if (known) return known;
    try {
      const graph = recordGraph(tf, backend, inputs, run, precision);
      graphs.set(signature, graph);
      return graph;
    } catch (error) {
      if (!(error instanceof SostenutoError) || error.code !== 'NOT_COMPILABLE') throw error;
      compilable = false;
      notice(error.problems.map(describeProblem).join('\n'));
      return undefined;
    }
  };
  return {
    call: (inputs) => {
      const graph = compilable ? graphOf(inputs) : undefined;
      if (!graph) return eager(inputs);
      const outputs = backend.binding.runSavedModel(graph.id, backend.getInputTensorIds(inputs), graph.inputNames, graph.outputNames);
      return outputs.map((output) => backend.createOutputTensor(output));
    },
    dispose: () => {
      for (const { id } of graphs.values()) backend.binding.deleteSavedModel(id);
      graphs.clear();
    },
  };
}

interface Graph {
  readonly id: number;
  readonly inputNames: string;
  readonly outputNames: string;
}

/** Two inputs that are one tensor at this call may be two at the next, so that one of them is copied for the recording. */
function recordGraph(tf: Tf, backend: NativeBackend, inputs: readonly Tensor[], run: TensorFunction, precision: Precision): Graph {
  const ids = backend.getInputTensorIds(inputs);
  const copies: Tensor[] = [];
  const distinct = inputs.map((input, i) => {
    if (ids.indexOf(ids[i] ?? 0) === i) return input;
    const copy = tf.tensor(input.dataSync(), input.shape, input.dtype);
    copies.push(copy);
    return copy;
  });
  try {
    const recording = record(tf, backend, distinct, () => run(distinct));
    const rewritten = precision === 'f32' ? turnSlowFactors(backend, recording) : recording;
    return loadGraph(backend, graphNodes(backend, rewritten, precision), inputs.length, recording.outputs.length);
  } finally {
    tf.dispose(copies);
  }
}

function loadGraph(backend: NativeBackend, nodes: readonly Bytes[], inputs: number, outputs: number): Graph {
  const directory = mkdtempSync(join(tmpdir(), 'sostenuto-graph-'));
  try {
    writeFileSync(join(directory, 'saved_model.pb'), savedModel(nodes));
    const list = (name: string, count: number): string => Array.from({ length: count }, (_, i) => `${name}${i}:0`).join(',');
    return {
      id: backend.binding.loadSavedModel(directory, 'serve'),
      inputNames: list('input', inputs),
      outputNames: list('output', outputs),
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

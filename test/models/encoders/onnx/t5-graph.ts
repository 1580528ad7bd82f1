import { TorchGraph } from './torch-graph.ts';

export interface T5Sizes {
  readonly d_model: number;
  readonly d_kv: number;
  readonly num_heads: number;
  readonly num_layers: number;
}
const BUCKETS = 32;
const FARTHEST = 128;

/** The encoder of T5 v1.1, with the names of Optimum's export. */
export function t5Graph(weights: string, sizes: T5Sizes, location?: string): TorchGraph {
  const { d_model: width, d_kv: each, num_heads: heads, num_layers: layers } = sizes;
  const graph = new TorchGraph(weights, location);
  const ids = graph.input('input_ids', 'int64', ['batch', 'tokens']);
  const present = graph.input('attention_mask', 'int64', ['batch', 'tokens']);
  const mask = graph.op('Add', [positionBias(graph, ids), graph.padding(present)]);
  const normalise = (name: string, x: string): string => {
    const power = graph.op('ReduceMean', [graph.op('Mul', [x, x])], { axes: [-1], keepdims: 1 });
    const size = graph.op('Sqrt', [graph.op('Add', [power, graph.scalar(1e-6)])]);
    return graph.op('Mul', [graph.op('Div', [x, size]), graph.weight(`${name}.weight`)]);
  };
  let x = graph.op('Gather', [graph.weight('shared.weight'), ids]);
  for (let layer = 0; layer < layers; layer++) {
    const [attention, forward] = [`encoder.block.${layer}.layer.0`, `encoder.block.${layer}.layer.1`];
    const maps = ['q', 'k', 'v', 'o'].map((map) => `${attention}.SelfAttention.${map}`);
    x = graph.op('Add', [x, graph.attention(maps, normalise(`${attention}.layer_norm`, x), heads, each, { mask })]);
    const seen = normalise(`${forward}.layer_norm`, x);
    const map = (name: string, input: string) => graph.linear(`${forward}.DenseReluDense.${name}`, input, false);
    x = graph.op('Add', [x, map('wo', graph.op('Mul', [gelu(graph, map('wi_0', seen)), map('wi_1', seen)]))]);
  }
  graph.output('last_hidden_state', normalise('encoder.final_layer_norm', x), ['batch', 'tokens', width]);
  return graph;
}

/** The form with tanh. */
function gelu(graph: TorchGraph, x: string): string {
  const cubed = graph.op('Mul', [graph.op('Mul', [x, x]), x]);
  const inside = graph.op('Add', [x, graph.op('Mul', [cubed, graph.scalar(0.044715)])]);
  const tanh = graph.op('Tanh', [graph.op('Mul', [inside, graph.scalar(Math.sqrt(2 / Math.PI))])]);
  return graph.op('Mul', [graph.op('Mul', [x, graph.scalar(0.5)]), graph.op('Add', [tanh, graph.scalar(1)])]);
}

/** Biases of the buckets of relative positions, [1,heads,T,T]. */
function positionBias(graph: TorchGraph, ids: string): string {
  const zero = graph.op('Squeeze', [graph.ints([0])]);
  const one = graph.op('Squeeze', [graph.ints([1])]);
  const places = graph.op('Range', [zero, graph.op('Squeeze', [graph.length(ids, 1)]), one]);
  const relative = graph.op('Sub', [graph.op('Unsqueeze', [places, graph.ints([0])]), graph.op('Unsqueeze', [places, graph.ints([1])])]);
  const half = BUCKETS / 2;
  const later = graph.op('Mul', [graph.op('Cast', [graph.op('Greater', [relative, graph.ints([0])])], { to: 7 }), graph.ints([half])]);
  const distance = graph.op('Abs', [relative]);
  const near = half / 2;
  const ratio = graph.op('Div', [graph.op('Cast', [graph.op('Max', [distance, graph.ints([1])])], { to: 1 }), graph.scalar(near)]);
  const steps = graph.op('Mul', [graph.op('Log', [ratio]), graph.scalar((half - near) / Math.log(FARTHEST / near))]);
  const far = graph.op('Add', [graph.op('Cast', [steps], { to: 7 }), graph.ints([near])]);
  const isNear = graph.op('Less', [distance, graph.ints([near])]);
  const bucket = graph.op('Add', [later, graph.op('Where', [isNear, distance, graph.op('Min', [far, graph.ints([half - 1])])])]);
  const biases = graph.op('Gather', [graph.weight('encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight'), bucket]);
  return graph.op('Unsqueeze', [graph.op('Transpose', [biases], { perm: [2, 0, 1] }), graph.ints([0])]);
}

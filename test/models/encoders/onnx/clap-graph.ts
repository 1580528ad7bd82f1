import { float } from './graph.ts';
import { TorchGraph } from './torch-graph.ts';

export interface ClapTextSizes {
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly pad_token_id: number;
}
const EMBEDDINGS = 'text_model.embeddings';
const INT64 = 7;

/** CLAP's text tower with the names of its export; embeddings as they come, not of length one. */
export function clapTextGraph(weights: string, sizes: ClapTextSizes): TorchGraph {
  const { hidden_size: width, num_hidden_layers: layers, num_attention_heads: heads, pad_token_id: pad } = sizes;
  const graph = new TorchGraph(weights);
  const ids = graph.input('input_ids', 'int64', ['batch', 'tokens']);
  const mask = graph.padding(graph.input('attention_mask', 'int64', ['batch', 'tokens']));
  const norm = (name: string, x: string) =>
    graph.op('LayerNormalization', [x, graph.weight(`${name}.weight`), graph.weight(`${name}.bias`)], { axis: -1, epsilon: float(1e-12) });
  const isToken = graph.op('Cast', [graph.op('Not', [graph.op('Equal', [ids, graph.ints([pad], [])])])], { to: INT64 });
  const counted = graph.op('Mul', [graph.op('CumSum', [isToken, graph.ints([1], [])]), isToken]);
  const places = graph.op('Add', [counted, graph.ints([pad], [])]);
  const rows = (table: string, at: string) => graph.op('Gather', [graph.weight(`${EMBEDDINGS}.${table}.weight`), at]);
  const type = rows('token_type_embeddings', graph.ints([0], []));
  const embedded = graph.op('Add', [graph.op('Add', [rows('word_embeddings', ids), type]), rows('position_embeddings', places)]);
  let x = norm(`${EMBEDDINGS}.LayerNorm`, embedded);
  for (let layer = 0; layer < layers; layer++) {
    const name = `text_model.encoder.layer.${layer}`;
    const maps = [...['query', 'key', 'value'].map((map) => `${name}.attention.self.${map}`), `${name}.attention.output.dense`];
    const each = width / heads;
    const attended = graph.attention(maps, x, heads, each, { scale: each ** -0.5, mask });
    x = norm(`${name}.attention.output.LayerNorm`, graph.op('Add', [x, attended]));
    const hidden = gelu(graph, graph.linear(`${name}.intermediate.dense`, x));
    x = norm(`${name}.output.LayerNorm`, graph.op('Add', [x, graph.linear(`${name}.output.dense`, hidden)]));
  }
  const first = graph.op('Gather', [x, graph.ints([0], [])], { axis: 1 });
  const pooled = graph.op('Tanh', [graph.linear('text_model.pooler.dense', first)]);
  const hidden = graph.op('Relu', [graph.linear('text_projection.linear1', pooled)]);
  graph.output('text_embeds', graph.linear('text_projection.linear2', hidden), ['batch', 'projection']);
  return graph;
}

/** The form with the error function. */
function gelu(graph: TorchGraph, x: string): string {
  const inside = graph.op('Erf', [graph.op('Mul', [x, graph.scalar(Math.SQRT1_2)])]);
  return graph.op('Mul', [graph.op('Mul', [x, graph.scalar(0.5)]), graph.op('Add', [inside, graph.scalar(1)])]);
}

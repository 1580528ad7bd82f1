import { TorchGraph } from './torch-graph.ts';

export interface ClipSizes {
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly image_size: number;
  readonly patch_size: number;
}

/** CLIP's image tower with quick_gelu, with the names of Optimum's export. */
export function clipVisionGraph(weights: string, sizes: ClipSizes): TorchGraph {
  const graph = new TorchGraph(weights);
  const { hidden_size: width, image_size: side, patch_size: patch } = sizes;
  const pixels = graph.input('pixel_values', 'float', ['batch', 3, side, side]);
  const filter = graph.weight('vision_model.embeddings.patch_embedding.weight');
  const patches = graph.op('Conv', [pixels, filter], { strides: [patch, patch], kernel_shape: [patch, patch] });
  const flat = graph.op('Transpose', [graph.op('Reshape', [patches, graph.ints([0, width, -1])])], { perm: [0, 2, 1] });
  const shape = graph.op('Concat', [graph.length(pixels, 0), graph.ints([1, width])], { axis: 0 });
  const token = graph.op('Expand', [graph.weight('vision_model.embeddings.class_embedding'), shape]);
  const tokens = graph.op('Concat', [token, flat], { axis: 1 });
  const embedded = graph.op('Add', [tokens, graph.weight('vision_model.embeddings.position_embedding.weight')]);
  const states = blocks(graph, sizes, 'vision_model', graph.layerNorm('vision_model.pre_layrnorm', embedded));
  const first = graph.op('Gather', [states, graph.op('Squeeze', [graph.ints([0])])], { axis: 1 });
  const embeds = graph.linear('visual_projection', graph.layerNorm('vision_model.post_layernorm', first), false);
  graph.output('image_embeds', embeds, ['batch', 'projection']);
  graph.output('last_hidden_state', states, ['batch', 'patches', width]);
  return graph;
}

/** CLIP's text tower, whose end token is the largest id. */
export function clipTextGraph(weights: string, sizes: ClipSizes): TorchGraph {
  const graph = new TorchGraph(weights);
  const ids = graph.input('input_ids', 'int64', ['batch', 'tokens']);
  const present = graph.input('attention_mask', 'int64', ['batch', 'tokens']);
  const tokens = graph.op('Gather', [graph.weight('text_model.embeddings.token_embedding.weight'), ids]);
  const length = graph.length(ids, 1);
  const positions = graph.op('Slice', [graph.weight('text_model.embeddings.position_embedding.weight'), graph.ints([0]), length]);
  const square = graph.op('Expand', [graph.scalar(-1e9), graph.op('Concat', [length, length], { axis: 0 })]);
  const causal = graph.op('Trilu', [square, graph.op('Squeeze', [graph.ints([1])])], { upper: 1 });
  const mask = graph.op('Add', [causal, graph.padding(present)]);
  const states = graph.layerNorm(
    'text_model.final_layer_norm',
    blocks(graph, sizes, 'text_model', graph.op('Add', [tokens, positions]), mask),
  );
  const end = graph.op('ArgMax', [ids], { axis: 1, keepdims: 1 });
  const embeds = graph.linear('text_projection', graph.op('GatherND', [states, end], { batch_dims: 1 }), false);
  graph.output('text_embeds', embeds, ['batch', 'projection']);
  graph.output('last_hidden_state', states, ['batch', 'tokens', sizes.hidden_size]);
  return graph;
}

function blocks(graph: TorchGraph, sizes: ClipSizes, prefix: string, states: string, mask?: string): string {
  const heads = sizes.num_attention_heads;
  const each = sizes.hidden_size / heads;
  let x = states;
  for (let layer = 0; layer < sizes.num_hidden_layers; layer++) {
    const name = `${prefix}.encoder.layers.${layer}`;
    const maps = ['q_proj', 'k_proj', 'v_proj', 'out_proj'].map((map) => `${name}.self_attn.${map}`);
    const options = { scale: each ** -0.5, ...(mask && { mask }) };
    x = graph.op('Add', [x, graph.attention(maps, graph.layerNorm(`${name}.layer_norm1`, x), heads, each, options)]);
    const hidden = graph.linear(`${name}.mlp.fc1`, graph.layerNorm(`${name}.layer_norm2`, x));
    const active = graph.op('Mul', [hidden, graph.op('Sigmoid', [graph.op('Mul', [hidden, graph.scalar(1.702)])])]);
    x = graph.op('Add', [x, graph.linear(`${name}.mlp.fc2`, active)]);
  }
  return x;
}

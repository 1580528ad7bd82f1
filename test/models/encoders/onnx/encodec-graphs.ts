import type { EncodecConfig } from '../../../../models/encoders/encodec/index.ts';
import { type Convolution, encodecLayout, type Layer } from '../../../../models/encoders/encodec/layout.ts';
import { TorchGraph } from './torch-graph.ts';

/** Both halves of Encodec around its quantiser: wave [B,1,T] → latents [B,hidden,frames], and back. */
export function encodecGraphs(weights: string, config: EncodecConfig): { encoder: TorchGraph; decoder: TorchGraph } {
  const { encoder, decoder } = encodecLayout(config);
  return {
    encoder: half(weights, encoder, { name: 'input_values', channels: 1 }, { name: 'latents', channels: config.hidden_size }),
    decoder: half(weights, decoder, { name: 'latents', channels: config.hidden_size }, { name: 'audio_values', channels: 1 }),
  };
}

interface End {
  readonly name: string;
  readonly channels: number;
}
function half(weights: string, layers: readonly Layer[], from: End, to: End): TorchGraph {
  const graph = new TorchGraph(weights);
  let x = graph.input(from.name, 'float', ['batch', from.channels, 'before']);
  for (const layer of layers) x = run(graph, layer, x);
  graph.output(to.name, x, ['batch', to.channels, 'after']);
  return graph;
}

function run(graph: TorchGraph, layer: Layer, x: string): string {
  const elu = (value: string) => graph.op('Elu', [value]);
  if (layer.kind === 'elu') return elu(x);
  if (layer.kind === 'conv') return convolve(graph, layer.conv, x);
  if (layer.kind === 'lstm') return graph.op('Add', [recur(graph, layer, x), x]);
  const inner = convolve(graph, layer.second, elu(convolve(graph, layer.first, elu(x))));
  return graph.op('Add', [layer.shortcut ? convolve(graph, layer.shortcut, x) : x, inner]);
}

/** Weight norm: g · v / ‖v‖ over all but the first axis. */
function normed(graph: TorchGraph, name: string): string {
  const v = graph.weight(`${name}.weight_v`);
  const size = graph.op('ReduceL2', [v], { axes: [1, 2], keepdims: 1 });
  return graph.op('Mul', [graph.op('Div', [v, size]), graph.weight(`${name}.weight_g`)]);
}

function convolve(graph: TorchGraph, { name, direction, kernel, stride, dilation }: Convolution, x: string): string {
  const parts = [normed(graph, name), graph.weight(`${name}.bias`)];
  if (direction === 'up') return graph.op('ConvTranspose', [x, ...parts], { strides: [stride], pads: [0, kernel - stride] });
  const before = (kernel - 1) * dilation - (stride - 1);
  const length = graph.length(x, 2);
  // What the last frame lacks: −length modulo stride.
  const after = graph.op('Mod', [graph.op('Neg', [length]), graph.ints([stride])]);
  // A reflection needs something to reflect: a signal that is too short gets zeros first, which are taken off again.
  const lacking = graph.op('Max', [graph.op('Sub', [graph.ints([before + 1]), length]), graph.ints([0])]);
  const longer = graph.op('Pad', [x, graph.op('Concat', [graph.ints([0, 0, 0, 0, 0]), lacking], { axis: 0 })]);
  const pads = graph.op('Concat', [graph.ints([0, 0, before, 0, 0]), after], { axis: 0 });
  const reflected = graph.op('Pad', [longer, pads], { mode: 'reflect' });
  const end = graph.op('Sub', [graph.length(reflected, 2), lacking]);
  const padded = graph.op('Slice', [reflected, graph.ints([0]), end, graph.ints([2])]);
  return graph.op('Conv', [padded, ...parts], { strides: [stride], dilations: [dilation] });
}

/** Layers of an LSTM over [B,C,T]; ONNX has the gates in the order input, output, forget, cell. */
function recur(graph: TorchGraph, { name, channels, layers }: Extract<Layer, { kind: 'lstm' }>, x: string): string {
  const reordered = (part: string): string => {
    const gates = [0, 3, 1, 2].map((gate) =>
      graph.op('Slice', [graph.weight(`${name}.${part}`), graph.ints([gate * channels]), graph.ints([(gate + 1) * channels])]),
    );
    return graph.op('Concat', gates, { axis: 0 });
  };
  const alone = (tensor: string) => graph.op('Unsqueeze', [tensor, graph.ints([0])]);
  let sequence = graph.op('Transpose', [x], { perm: [2, 0, 1] });
  for (let layer = 0; layer < layers; layer++) {
    const [w, r] = [alone(reordered(`weight_ih_l${layer}`)), alone(reordered(`weight_hh_l${layer}`))];
    const bias = alone(graph.op('Concat', [reordered(`bias_ih_l${layer}`), reordered(`bias_hh_l${layer}`)], { axis: 0 }));
    sequence = graph.op('Squeeze', [graph.op('LSTM', [sequence, w, r, bias], { hidden_size: channels }), graph.ints([1])]);
  }
  return graph.op('Transpose', [sequence], { perm: [1, 2, 0] });
}

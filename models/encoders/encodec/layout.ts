import type { EncodecConfig } from './config.ts';

/** One numbered layer of the encoder or decoder, with the prefix of its tensors' names. */
export type Layer =
  | { readonly kind: 'conv'; readonly conv: Convolution }
  | { readonly kind: 'residual'; readonly first: Convolution; readonly second: Convolution; readonly shortcut?: Convolution }
  | { readonly kind: 'elu' }
  | { readonly kind: 'lstm'; readonly name: string; readonly channels: number; readonly layers: number };

/** A causal 1-D convolution with bias; `down` and `up` have a kernel of twice their stride. */
export interface Convolution {
  readonly name: string;
  readonly direction: 'same' | 'down' | 'up';
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
}

export interface Layout {
  readonly encoder: readonly Layer[];
  readonly decoder: readonly Layer[];
}

/** The layers in the order and with the numbers of the published checkpoints (`encoder.layers.3.conv` …). */
export function encodecLayout(config: EncodecConfig): Layout {
  const { num_filters: filters, hidden_size: hidden, upsampling_ratios: ratios } = config;
  const widest = filters * 2 ** ratios.length;
  const encoder: Layer[] = [];
  const decoder: Layer[] = [];
  const conv = (
    side: Layer[],
    input: number,
    output: number,
    kernel: number,
    direction: Convolution['direction'] = 'same',
    stride = 1,
  ): void => {
    const name = `${side === encoder ? 'encoder' : 'decoder'}.layers.${side.length}.conv`;
    side.push({ kind: 'conv', conv: { name, direction, input, output, kernel, stride, dilation: 1 } });
  };
  const residuals = (side: Layer[], channels: number): void => {
    for (let j = 0; j < config.num_residual_layers; j++)
      side.push(residual(config, `${side === encoder ? 'encoder' : 'decoder'}.layers.${side.length}`, channels, j));
  };
  const lstm = (side: Layer[]): void => {
    side.push({
      kind: 'lstm',
      name: `${side === encoder ? 'encoder' : 'decoder'}.layers.${side.length}.lstm`,
      channels: widest,
      layers: config.num_lstm_layers,
    });
  };

  conv(encoder, 1, filters, config.kernel_size);
  let channels = filters;
  for (const ratio of [...ratios].reverse()) {
    residuals(encoder, channels);
    encoder.push({ kind: 'elu' });
    conv(encoder, channels, channels * 2, ratio * 2, 'down', ratio);
    channels *= 2;
  }
  lstm(encoder);
  encoder.push({ kind: 'elu' });
  conv(encoder, channels, hidden, config.last_kernel_size);

  conv(decoder, hidden, widest, config.kernel_size);
  lstm(decoder);
  for (const ratio of ratios) {
    decoder.push({ kind: 'elu' });
    conv(decoder, channels, channels / 2, ratio * 2, 'up', ratio);
    channels /= 2;
    residuals(decoder, channels);
  }
  decoder.push({ kind: 'elu' });
  conv(decoder, channels, 1, config.last_kernel_size);
  return { encoder, decoder };
}

function residual(config: EncodecConfig, prefix: string, channels: number, depth: number): Layer {
  const inner = Math.floor(channels / config.compress);
  const same = { direction: 'same', stride: 1 } as const;
  return {
    kind: 'residual',
    first: {
      ...same,
      name: `${prefix}.block.1.conv`,
      input: channels,
      output: inner,
      kernel: config.residual_kernel_size,
      dilation: config.dilation_growth_rate ** depth,
    },
    second: { ...same, name: `${prefix}.block.3.conv`, input: inner, output: channels, kernel: 1, dilation: 1 },
    ...(config.use_conv_shortcut
      ? { shortcut: { ...same, name: `${prefix}.shortcut.conv`, input: channels, output: channels, kernel: 1, dilation: 1 } }
      : {}),
  };
}

export const convolutions = (layers: readonly Layer[]): Convolution[] =>
  layers.flatMap((layer) =>
    layer.kind === 'conv'
      ? [layer.conv]
      : layer.kind === 'residual'
        ? [layer.first, layer.second, ...(layer.shortcut ? [layer.shortcut] : [])]
        : [],
  );

/** Shapes of all tensors in the published names: `weight_g` [d0,1,1], `weight_v` [out,in,k] (`up`: [in,out,k]), `bias` [out]; recurrent ones as torch. */
export function encodecShapes(config: EncodecConfig): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  const { encoder, decoder } = encodecLayout(config);
  for (const layers of [encoder, decoder]) {
    for (const { name, direction, input, output, kernel } of convolutions(layers)) {
      const [first, second] = direction === 'up' ? [input, output] : [output, input];
      shapes.set(`${name}.weight_g`, [first, 1, 1]);
      shapes.set(`${name}.weight_v`, [first, second, kernel]);
      shapes.set(`${name}.bias`, [output]);
    }
    for (const layer of layers) {
      if (layer.kind !== 'lstm') continue;
      for (let i = 0; i < layer.layers; i++)
        for (const [part, shape] of Object.entries({
          weight_ih: [4 * layer.channels, layer.channels],
          weight_hh: [4 * layer.channels, layer.channels],
          bias_ih: [4 * layer.channels],
          bias_hh: [4 * layer.channels],
        }))
          shapes.set(`${layer.name}.${part}_l${i}`, shape);
    }
  }
  return shapes;
}

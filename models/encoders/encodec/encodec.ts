import type { Tensor, Tensor3D, Tensor4D, Tf } from '../../backend/index.ts';
import type { EncodecConfig } from './config.ts';
import { buildKernels, type Kernels } from './kernels.ts';
import { runLayers, type Tap } from './layers.ts';
import { encodecLayout, type Layout } from './layout.ts';
import { readEncodecFolder, type StoredWeights, selectWeights } from './weights.ts';

/** The continuous part of Encodec: what lies before and after the residual quantiser. */
export interface Encodec {
  readonly config: EncodecConfig;
  /** wave [B,T] or [B,T,1] in −1…1 → latents [B,⌈T/hop⌉,hidden]. Not strictly causal at the ends: chunks differ from the whole. */
  encode(wave: Tensor, tap?: Tap): Tensor3D;
  /** latents [B,frames,hidden] → wave [B,frames·hop,1]. */
  decode(latents: Tensor, tap?: Tap): Tensor3D;
  dispose(): void;
}

/** Loads a model from a folder in the published layout, or from its parts. */
export async function loadEncodec(
  tf: Tf,
  source: string | { readonly config: EncodecConfig; readonly tensors: StoredWeights },
): Promise<Encodec> {
  const { config, weights } =
    typeof source === 'string'
      ? await readEncodecFolder(source)
      : { config: source.config, weights: selectWeights(source.config, source.tensors, 'tensors') };
  const layout = encodecLayout(config);
  const kernels = keepKernels(tf, layout, weights);
  return {
    config,
    encode: (wave, tap) => tf.tidy(() => encode(tf, layout, kernels, wave, tap)),
    decode: (latents, tap) => tf.tidy(() => decode(tf, layout, kernels, latents, tap)),
    dispose: () => tf.dispose(tensorsOf(kernels)),
  };
}

function keepKernels(tf: Tf, layout: Layout, weights: StoredWeights): Kernels {
  let kernels: Kernels | undefined;
  tf.tidy(() => {
    kernels = buildKernels(tf, layout, new Map([...weights].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])])));
    for (const tensor of tensorsOf(kernels)) tf.keep(tensor);
  });
  return kernels ?? { convolutions: new Map(), recurrences: new Map() };
}

/** As `Encodec.encode`, differentiable; the caller owns the intermediates. */
export function encode(tf: Tf, layout: Layout, kernels: Kernels, wave: Tensor, tap?: Tap): Tensor3D {
  const [batch = 0, length = 0] = wave.shape;
  const latents = runLayers(tf, layout.encoder, kernels, tf.reshape(wave, [batch, 1, length, 1]), tap);
  return tf.reshape(latents, [batch, latents.shape[2], latents.shape[3]]);
}

/** As `Encodec.decode`, differentiable. */
export function decode(tf: Tf, layout: Layout, kernels: Kernels, latents: Tensor, tap?: Tap): Tensor3D {
  const [batch = 0, frames = 0, channels = 0] = latents.shape;
  const wave = runLayers(tf, layout.decoder, kernels, tf.reshape(latents, [batch, 1, frames, channels]) as Tensor4D, tap);
  return tf.reshape(wave, [batch, wave.shape[2], 1]);
}

/** Latent frames of a wave of `samples`. */
export const latentFrames = (config: EncodecConfig, samples: number): number =>
  config.upsampling_ratios.toReversed().reduce((length, ratio) => Math.ceil(length / ratio), samples);

function tensorsOf({ convolutions, recurrences }: Kernels): Tensor[] {
  return [
    ...[...convolutions.values()].flatMap(({ filter, bias }) => [filter, bias]),
    ...[...recurrences.values()].flat().flatMap(({ input, recurrent, bias }) => [input, recurrent, bias]),
  ];
}

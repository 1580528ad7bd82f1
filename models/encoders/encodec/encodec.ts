import type { Tensor, Tensor3D, Tensor4D, Tf } from '../../backend/index.ts';
import { compiledLayers } from './compiled.ts';
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
  const [encoder, decoder] = [compiledLayers(tf, layout.encoder, kernels), compiledLayers(tf, layout.decoder, kernels)];
  return {
    config,
    // Only layers run one by one can be looked at.
    encode: (wave, tap) => tf.tidy(() => encodeBy(tf, tap ? (x) => runLayers(tf, layout.encoder, kernels, x, tap) : encoder.run, wave)),
    decode: (latents, tap) =>
      tf.tidy(() => decodeBy(tf, tap ? (x) => runLayers(tf, layout.decoder, kernels, x, tap) : decoder.run, latents)),
    dispose: () => {
      encoder.dispose();
      decoder.dispose();
      tf.dispose(tensorsOf(kernels));
    },
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

type Run = (signal: Tensor4D) => Tensor4D;

function encodeBy(tf: Tf, run: Run, wave: Tensor): Tensor3D {
  const [batch = 0, length = 0] = wave.shape;
  const latents = run(tf.reshape(wave, [batch, 1, length, 1]));
  return tf.reshape(latents, [batch, latents.shape[2], latents.shape[3]]);
}

function decodeBy(tf: Tf, run: Run, latents: Tensor): Tensor3D {
  const [batch = 0, frames = 0, channels = 0] = latents.shape;
  const wave = run(tf.reshape(latents, [batch, 1, frames, channels]));
  return tf.reshape(wave, [batch, wave.shape[2], 1]);
}

/** As `Encodec.encode`, differentiable; the caller owns the intermediates. */
export const encode = (tf: Tf, layout: Layout, kernels: Kernels, wave: Tensor): Tensor3D =>
  encodeBy(tf, (x) => runLayers(tf, layout.encoder, kernels, x), wave);

/** As `Encodec.decode`, differentiable. */
export const decode = (tf: Tf, layout: Layout, kernels: Kernels, latents: Tensor): Tensor3D =>
  decodeBy(tf, (x) => runLayers(tf, layout.decoder, kernels, x), latents);

/** Latent frames of a wave of `samples`. */
export const latentFrames = (config: EncodecConfig, samples: number): number =>
  config.upsampling_ratios.toReversed().reduce((length, ratio) => Math.ceil(length / ratio), samples);

function tensorsOf({ convolutions, recurrences }: Kernels): Tensor[] {
  return [
    ...[...convolutions.values()].flatMap(({ filter, bias }) => [filter, bias]),
    ...[...recurrences.values()].flat().flatMap(({ input, recurrent, bias }) => [input, recurrent, bias]),
  ];
}

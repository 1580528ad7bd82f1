import type { Tensor, Tf } from '../../backend/index.ts';
import { compileNetwork } from '../compiled.ts';
import { type Fields, type Layout, readWeights, type Weights } from '../folder.ts';
import { normalise } from '../transformer.ts';
import { actOf, countsOf, only, readClapConfig } from './config.ts';
import { cubicMatrix } from './interpolate.ts';
import { batchNorm, batchNormShapes, embedPatches, fuse, patchShapes } from './patches.ts';
import { mergePatches, runStage } from './swin.ts';
import { affine, projectionShapes, projectToUnit } from './towers.ts';

const ROOT = 'audio_model.audio_encoder';
/** torch's default of norms. */
const EPSILON = 1e-5;

/** CLAP's sound tower (HTSAT, Chen et al. 2022) with its projection. */
export interface ClapAudio {
  /** Width of an embedding. */
  readonly width: number;
  /**
   * Log-mels [B,C,T,bands], C four where the network fuses, else one; `isLonger`, of each sound, says where it does → embeddings of length one
   * [B,width].
   */
  encode(mels: Tensor, isLonger: readonly boolean[]): Tensor;
  dispose(): void;
}

/** Sizes and tensors of a folder's sound tower, which may lie beside the one for text. Throws `ENCODER_CONFIG`. */
export function readClapAudio(folder: string) {
  const { config, projection } = readClapConfig(folder, 'audio');
  for (const field of ['qkv_bias', 'enable_patch_layer_norm', 'flatten_patch_embeds']) only(config, field, true);
  only(config, 'patch_embed_input_channels', 1);
  if (config.raw('fusion_type') === 'channel_map') throw config.refusal('fusion_type', 'another one than channel_map');
  const isFused = config.raw('enable_fusion') === true;
  const depths = countsOf(config, 'depths', [2, 2, 6, 2]);
  const sizes = {
    bands: config.count('num_mel_bins', 64),
    side: config.count('spec_size', 256),
    patch: config.count('patch_size', 4),
    window: config.count('window_size', 8),
    first: config.count('patch_embeds_hidden_size', 96),
    heads: countsOf(config, 'num_attention_heads', [4, 8, 16, 32]),
  };
  const last = sizes.first * 2 ** (depths.length - 1);
  checkSizes(config, sizes, depths.length, last);
  const inner = (width: number) => Math.floor(config.number('mlp_ratio', 4) * width);
  const layout: Layout = {
    own: /^audio_(?:model|projection)\.(?!.*\.(?:num_batches_tracked|relative_position_index)$)/,
    shapes: new Map<string, readonly number[]>([
      ...batchNormShapes(`${ROOT}.batch_norm`, sizes.bands),
      ...patchShapes(`${ROOT}.patch_embed`, sizes.first, sizes.patch, isFused ? config.count('aff_block_r', 4) : undefined),
      ...depths.flatMap((blocks, stage) => stageShapes(stage, blocks, depths.length - 1, { ...sizes, inner })),
      ...affine(`${ROOT}.norm`, [last]),
      ...projectionShapes('audio', last, projection),
    ]),
  };
  return {
    ...{ ...sizes, isFused, depths, projection, layout },
    channels: isFused ? 4 : 1,
    epsilon: config.number('layer_norm_eps', EPSILON),
    act: actOf(config, 'hidden_act', 'gelu'),
    projectionAct: actOf(config, 'projection_hidden_act', 'relu'),
  };
}

interface Sizes {
  readonly bands: number;
  readonly side: number;
  readonly patch: number;
  readonly window: number;
  readonly first: number;
  readonly heads: readonly number[];
}

/** Sizes that do not fit together would only show as a shape somewhere inside. */
function checkSizes(config: Fields, { bands, side, patch, window, heads }: Sizes, stages: number, last: number): void {
  if (heads.length !== stages) throw config.refusal('num_attention_heads', `${stages} numbers, as depths has`);
  if (side % bands !== 0) throw config.refusal('spec_size', `a multiple of num_mel_bins, ${bands}`);
  const unit = patch * window * 2 ** (stages - 1);
  if (side % unit !== 0) throw config.refusal('spec_size', `a multiple of ${unit}, so that windows of ${window} divide every stage`);
  const stride = config.raw('patch_stride') ?? patch;
  if (![stride].flat().every((one) => one === patch)) throw config.refusal('patch_stride', `${patch}, as patch_size`);
  if (config.count('hidden_size', 768) !== last)
    throw config.refusal('hidden_size', `${last}: patch_embeds_hidden_size, doubled from stage to stage`);
}

/** Tensors of one stage. */
function stageShapes(stage: number, blocks: number, last: number, sizes: Sizes & { readonly inner: (width: number) => number }) {
  const width = sizes.first * 2 ** stage;
  const inner = sizes.inner(width);
  const name = `${ROOT}.layers.${stage}`;
  const shapes: [string, readonly number[]][] = Array.from({ length: blocks }, (_, index) => {
    const block = `${name}.blocks.${index}`;
    const table: [string, readonly number[]] = [
      `${block}.attention.self.relative_position_bias_table`,
      [(2 * sizes.window - 1) ** 2, sizes.heads[stage] ?? 0],
    ];
    return [
      table,
      ...['query', 'key', 'value'].flatMap((map) => affine(`${block}.attention.self.${map}`, [width, width])),
      ...affine(`${block}.attention.output.dense`, [width, width]),
      ...['layernorm_before', 'layernorm_after'].flatMap((norm) => affine(`${block}.${norm}`, [width])),
      ...affine(`${block}.intermediate.dense`, [inner, width]),
      ...affine(`${block}.output.dense`, [width, inner]),
    ];
  }).flat();
  if (stage === last) return shapes;
  return [
    ...shapes,
    ...affine(`${name}.downsample.norm`, [4 * width]),
    [`${name}.downsample.reduction.weight`, [2 * width, 4 * width]] as const,
  ];
}

/** Loads a folder in the layout of Hugging Face. Throws `ENCODER_CONFIG`, `ENCODER_WEIGHTS`, `SAFETENSORS_INVALID`. */
export async function loadClapAudio(tf: Tf, folder: string): Promise<ClapAudio> {
  const sizes = readClapAudio(folder);
  const { depths, heads, window, epsilon, act, isFused, projection, projectionAct, layout } = sizes;
  const { weights, dispose: disposeWeights } = await readWeights(tf, folder, layout);
  const patchesOf = (mels: Tensor, isLonger: readonly boolean[]): Tensor => {
    const name = `${ROOT}.patch_embed`;
    const pictures = pictureOf(tf, sizes, batchNorm(tf, weights, `${ROOT}.batch_norm`, mels));
    const [batch = 0, channels = 0, side = 0] = pictures.shape;
    const part = (from: number, count: number) =>
      tf.reshape(tf.slice(pictures, [0, from, 0, 0], [batch, count, side, side]), [batch * count, side, side, 1]);
    const whole = embedPatches(tf, weights, `${name}.proj`, part(0, 1));
    if (!isFused || !isLonger.some((longer) => longer)) return normalise(tf, EPSILON, weights, `${name}.norm`, whole);
    const fused = fuse(tf, weights, name, whole, part(1, channels - 1));
    const where = tf.reshape(tf.tensor1d([...isLonger], 'bool'), [batch, 1, 1, 1]);
    return normalise(tf, EPSILON, weights, `${name}.norm`, tf.where(where, fused, whole));
  };
  /** Patches [B,side,side,width] → the mean of what the stages make of them, [B,last width]. */
  const stages = (given: Weights, patches: Tensor): Tensor => {
    let x = patches;
    for (const [stage, blocks] of depths.entries()) {
      const name = `${ROOT}.layers.${stage}`;
      x = runStage(tf, { heads: heads[stage] ?? 1, blocks, window, epsilon, act }, given, name, x);
      if (stage < depths.length - 1) x = mergePatches(tf, given, `${name}.downsample`, x);
    }
    return tf.mean(normalise(tf, EPSILON, given, `${ROOT}.norm`, x), [1, 2]);
  };
  const inStages = [...layout.shapes.keys()].filter((name) => name.startsWith(`${ROOT}.layers.`) || name.startsWith(`${ROOT}.norm.`));
  const compiled = compileNetwork(tf, weights, inStages, (given, [patches]): [Tensor] => [stages(given, patches as Tensor)]);
  const encode: ClapAudio['encode'] = (mels, isLonger) =>
    tf.tidy(() => projectToUnit(tf, weights, 'audio', projectionAct, compiled.call(patchesOf(mels, isLonger))[0]));
  const dispose = (): void => {
    compiled.dispose();
    disposeWeights();
  };
  return { width: projection, encode, dispose };
}

/** Log-mels [B,C,T,bands] → square pictures [B,C,side,side]: time stretched to a multiple, cut into rows of pictures, bands below each other. */
function pictureOf(tf: Tf, { side, bands }: Sizes, mels: Tensor): Tensor {
  const [batch = 0, channels = 0, frames = 0] = mels.shape;
  const rows = side / bands;
  const all = batch * channels;
  const flat = tf.reshape(tf.transpose(tf.reshape(mels, [all, frames, bands]), [1, 0, 2]), [frames, all * bands]);
  const to = side * rows;
  const stretched = frames === to ? flat : tf.matMul(tf.tensor2d(cubicMatrix(frames, to), [to, frames]), flat);
  const cut = tf.reshape(stretched, [rows, side, batch, channels, bands]);
  return tf.reshape(tf.transpose(cut, [2, 3, 0, 4, 1]), [batch, channels, side, side]);
}

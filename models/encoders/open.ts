/** Encoders behind one interface, whatever runs them: onnxruntime where an ONNX file lies in their folder, else this project's own graphs. Both agree. */
import { join } from 'node:path';
import type { Tensor, Tf } from '../backend/index.ts';
import { loadClapAudio, readClapAudio } from './clap/audio.ts';
import { loadClapText, readClapText } from './clap/text.ts';
import { loadClipText } from './clip/text.ts';
import { loadClipVision, readClipVision } from './clip/vision.ts';
import { type EncodecConfig, loadEncodec, readEncodec } from './encodec/index.ts';
import { readFields } from './folder.ts';
import { openOnnxCaption, openOnnxSound } from './onnx/clap.ts';
import { openOnnxCodecDecoder, openOnnxCodecEncoder } from './onnx/codec.ts';
import { onnxFile } from './onnx/files.ts';
import { openOnnxText } from './onnx/text.ts';
import { openOnnxVision } from './onnx/vision.ts';
import { loadT5Encoder } from './t5/t5.ts';

/** An image network. */
export interface VisionNetwork {
  readonly width: number;
  /** Normalised pixels [B,S,S,3] → embeddings [B,width]. */
  embed(pixels: Float32Array): Promise<Float32Array>;
  dispose(): Promise<void>;
}
/** A text network. */
export interface TextNetwork {
  /** Token ids, rows of one length, and `present`, 1 at tokens and 0 at padding → states [B,T,hidden], of CLIP also embeddings [B,width]. */
  encode(
    ids: readonly (readonly number[])[],
    present?: readonly (readonly number[])[],
  ): Promise<{ states: Float32Array; embeds?: Float32Array }>;
  dispose(): Promise<void>;
}
/** A codec of sound. */
export interface CodecNetwork {
  readonly config: EncodecConfig;
  /** Wave [T] → latents [frames,hidden]. */
  encode(wave: Float32Array): Promise<Float32Array>;
  /** Latents [frames,hidden] → wave [frames·hop]. */
  decode(latents: Float32Array): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** A network over sounds, whose embeddings can be compared with those of captions. */
export interface SoundNetwork {
  readonly width: number;
  /** Log-mels [B,C,T,bands] and, of each sound, whether it is longer than a stretch → embeddings of length one [B,width]. */
  embed(mels: Float32Array, isLonger: readonly boolean[]): Promise<Float32Array>;
  dispose(): Promise<void>;
}
/** A network over captions, whose embeddings can be compared with those of sounds. */
export interface CaptionNetwork {
  readonly width: number;
  /** Tokens of the longest caption. */
  readonly most: number;
  /** Token ids, rows of one length, and `present`, 1 at tokens and 0 at padding → embeddings of length one [B,width]. */
  embed(ids: readonly (readonly number[])[], present?: readonly (readonly number[])[]): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** Opens CLIP's image tower. Throws as `loadClipVision` and `openOnnx`. */
export async function openVision(tf: Tf, folder: string): Promise<VisionNetwork> {
  const file = onnxFile(folder, 'image');
  if (file !== undefined) return openOnnxVision(folder, file);
  const { side } = readClipVision(folder);
  const network = await loadClipVision(tf, folder);
  return {
    width: network.width,
    embed: async (pixels) => values(tf, () => network.encode(tf.tensor(pixels, [pixels.length / (side * side * 3), side, side, 3])).embeds),
    dispose: async () => network.dispose(),
  };
}

/** Opens T5's encoder or CLIP's text tower. Throws as `loadT5Encoder`, `loadClipText` and `openOnnx`. */
export async function openText(tf: Tf, folder: string): Promise<TextNetwork> {
  const file = onnxFile(folder, 'text');
  if (file !== undefined) return openOnnxText(folder, file);
  const isT5 = readFields(join(folder, 'config.json')).raw('model_type') === 't5';
  const network = isT5 ? await loadT5Encoder(tf, folder) : await loadClipText(tf, folder);
  return {
    async encode(ids, present) {
      const encoded = tf.tidy(() => network.encode(ids, present && tf.tensor2d(present.map((row) => [...row]))));
      if (!('states' in encoded)) return { states: values(tf, () => encoded) };
      return { states: values(tf, () => encoded.states), embeds: values(tf, () => encoded.embeds) };
    },
    dispose: async () => network.dispose(),
  };
}

/** Opens CLAP's sound tower. Throws as `loadClapAudio` and `openOnnx`. */
export async function openSound(tf: Tf, folder: string): Promise<SoundNetwork> {
  const file = onnxFile(folder, 'sound');
  if (file !== undefined) return openOnnxSound(folder, file);
  const { bands, channels } = readClapAudio(folder);
  const network = await loadClapAudio(tf, folder);
  return {
    width: network.width,
    embed: async (mels, isLonger) => {
      const batch = isLonger.length;
      const shape = [batch, channels, mels.length / (batch * channels * bands), bands];
      return values(tf, () => network.encode(tf.tensor(mels, shape), isLonger));
    },
    dispose: async () => network.dispose(),
  };
}

/** Opens CLAP's text tower. Throws as `loadClapText` and `openOnnx`. */
export async function openCaption(tf: Tf, folder: string): Promise<CaptionNetwork> {
  const file = onnxFile(folder, 'caption');
  if (file !== undefined) return openOnnxCaption(folder, file);
  const { positions } = readClapText(folder);
  const network = await loadClapText(tf, folder);
  return {
    width: network.width,
    most: positions,
    embed: async (ids, present) => values(tf, () => network.encode(ids, present && tf.tensor2d(present.map((row) => [...row]))).embeds),
    dispose: async () => network.dispose(),
  };
}

/** Opens Encodec; each half may have an ONNX file. Throws as `loadEncodec` and `openOnnx`. */
export async function openCodec(tf: Tf, folder: string): Promise<CodecNetwork> {
  const [before, behind] = [onnxFile(folder, 'codec encoder'), onnxFile(folder, 'codec decoder')];
  if (before === undefined && behind === undefined) return openOwnCodec(tf, folder);
  const { config } = readEncodec(folder);
  const encoder = await (before === undefined ? openOwnCodec(tf, folder) : openOnnxCodecEncoder(folder, before, config));
  const decoder = await (behind === undefined ? openOwnCodec(tf, folder) : openOnnxCodecDecoder(folder, behind, config));
  return {
    config,
    encode: encoder.encode,
    decode: decoder.decode,
    dispose: async () => void (await Promise.all([encoder.dispose(), decoder.dispose()])),
  };
}

async function openOwnCodec(tf: Tf, folder: string): Promise<CodecNetwork> {
  const codec = await loadEncodec(tf, folder);
  const { config } = codec;
  return {
    config,
    encode: async (wave) => values(tf, () => codec.encode(tf.tensor2d(wave, [1, wave.length]))),
    decode: async (latents) =>
      values(tf, () => codec.decode(tf.tensor3d(latents, [1, latents.length / config.hidden_size, config.hidden_size]))),
    dispose: async () => codec.dispose(),
  };
}

/** Reads a tensor and lets go of it and of what it was made from. */
function values(tf: Tf, make: () => Tensor): Float32Array {
  const tensor = tf.tidy(make);
  const read = Float32Array.from(tensor.dataSync());
  tensor.dispose();
  return read;
}

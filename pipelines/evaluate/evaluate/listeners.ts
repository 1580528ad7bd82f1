import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createShard, type ShardWriter } from '../../../datasets/features/sequence-shard.ts';
import { KEYS } from '../../../datasets/midi/performance.ts';
import { ROLL_FRAMES_PER_SECOND } from '../../../datasets/midi/piano-roll.ts';
import type { Tf } from '../../../models/backend/index.ts';
import { loadSoundEncoder } from '../../../models/encoders/clap/encoders.ts';
import { loadEncodec } from '../../../models/encoders/encodec/index.ts';
import { BASIC_PITCH_RATE, loadBasicPitch } from '../../../models/metrics/basic-pitch.ts';
import * as fronts from '../../../models/metrics/scoring/front-ends.ts';
import { cnn14, vggish, wav2clip } from '../../../models/metrics/scoring/networks.ts';
import { openPictureNetwork, openWaveNetwork } from '../../../models/metrics/scoring/onnx.ts';
import type { Tensor, Weights } from '../../../models/network/tensor-types.ts';
import { readFloats } from '../../../models/tensor/safetensors.ts';
import { resample } from '../../../numeric/resample.ts';
import type { NetworkName } from '../measured.ts';
import { isFolder } from '../sources.ts';
import type { HearingNetwork } from '../tasks.ts';

/** Mono sound at any rate. */
export interface Sound {
  readonly samples: Float32Array;
  readonly sampleRate: number;
}
/** A network over sounds: what it gives for a clip goes into shards of its own, rows [n, width]. */
export interface Listener {
  hear(id: string, sound: Sound, hasNotes: boolean): void | Promise<void>;
  close(): void | Promise<void>;
}
export interface Room {
  readonly tf: Tf;
  /** Where the shards are written. */
  readonly directory: string;
}

const at16k = ({ samples, sampleRate }: Sound) => resample(samples, sampleRate, fronts.SCORING_RATE);

/** A shard that begins with its first rows, whose width it takes; without any it does not come to be. */
function lateShard(directory: string, name: string, rowsPerSecond: number) {
  let shard: ShardWriter | undefined;
  return {
    append(id: string, rows: Tensor) {
      this.put(id, Float32Array.from(rows.dataSync()), rows.shape.at(-1) ?? 0);
    },
    put(id: string, rows: Float32Array, width: number) {
      shard ??= createShard(directory, { name, scalar: 'f32', rowsPerSecond, shape: [width] });
      shard.append(id, rows);
    },
    close(): void {
      shard?.close();
    },
  };
}

/** Loads released weights and tries them on silence, so that what does not fit is known before the first clip. */
async function weightsAt(tf: Tf, path: string, attempt: (weights: Weights) => Tensor): Promise<Weights> {
  const { tensors } = await readFloats(path);
  const weights = new Map([...tensors].map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]));
  tf.tidy(() => attempt(weights).dataSync());
  return weights;
}

const picture = (tf: Tf, values: Float64Array, shape: [number, number, number, number]): Tensor =>
  tf.tensor4d(Float32Array.from(values), shape);
const noTensors = (weights: Weights) => {
  for (const tensor of weights.values()) tensor.dispose();
};

async function vggishListener(room: Room, path: string): Promise<Listener> {
  if (path.endsWith('.onnx')) return seenVggish(room, path);
  const { tf, directory } = room;
  const weights = await weightsAt(tf, path, (own) => vggish(tf, own, tf.zeros([1, fronts.VGGISH_FRAMES, 64, 1])));
  const rows = lateShard(directory, 'vggish', 1 / 0.96);
  return {
    hear(id, sound) {
      const { count, values } = fronts.vggishExamples(at16k(sound));
      if (count > 0) tf.tidy(() => rows.append(id, vggish(tf, weights, picture(tf, values, [count, fronts.VGGISH_FRAMES, 64, 1]))));
    },
    close() {
      rows.close();
      noTensors(weights);
    },
  };
}

async function seenVggish({ directory }: Room, path: string): Promise<Listener> {
  const network = await openPictureNetwork(path, fronts.VGGISH_FRAMES, 64);
  const shard = lateShard(directory, 'vggish', 1 / 0.96);
  return {
    async hear(id, sound) {
      const { count, values } = fronts.vggishExamples(at16k(sound));
      if (count === 0) return;
      const { rows, width } = await network.embed(Float32Array.from(values));
      shard.put(id, rows, width);
    },
    async close() {
      shard.close();
      await network.dispose();
    },
  };
}

/** A network in an ONNX file that hears sound at its own rate: a row a clip. */
const waveListener =
  (name: string, rate: number) =>
  async ({ directory }: Room, path: string): Promise<Listener> => {
    const network = await openWaveNetwork(path);
    await network.embed(new Float32Array(rate)); // what does not fit is known before the first clip
    const shard = lateShard(directory, name, 1);
    return {
      async hear(id, { samples, sampleRate }) {
        const { rows, width } = await network.embed(resample(samples, sampleRate, rate));
        shard.put(id, rows, width);
      },
      async close() {
        shard.close();
        await network.dispose();
      },
    };
  };

async function cnn14Listener({ tf, directory }: Room, path: string): Promise<Listener> {
  const weights = await weightsAt(tf, path, (own) => cnn14(tf, own, tf.zeros([1, 101, 64, 1])).logits);
  const [embeddings, classes] = [lateShard(directory, 'pann', 1), lateShard(directory, 'pann-classes', 1)];
  return {
    hear(id, sound) {
      const { rows, columns, values } = fronts.pannLogMel(at16k(sound));
      // Five poolings leave nothing of fewer frames.
      if (rows < 32) return;
      tf.tidy(() => {
        const { embedding, logits } = cnn14(tf, weights, picture(tf, values, [1, rows, columns, 1]));
        embeddings.append(id, embedding);
        classes.append(id, logits);
      });
    },
    close() {
      embeddings.close();
      classes.close();
      noTensors(weights);
    },
  };
}

async function wav2clipListener({ tf, directory }: Room, path: string): Promise<Listener> {
  const weights = await weightsAt(tf, path, (own) => wav2clip(tf, own, tf.zeros([1, 257, 64, 1])).embedding);
  const embeddings = lateShard(directory, 'wav2clip', 1);
  return {
    hear(id, sound) {
      const { rows, columns, values } = fronts.wav2clipLogSpectrum(at16k(sound));
      const standardised = fronts.standardisedPicture(values);
      if (standardised)
        tf.tidy(() => embeddings.append(id, wav2clip(tf, weights, picture(tf, standardised, [1, rows, columns, 1])).embedding));
    },
    close() {
      embeddings.close();
      noTensors(weights);
    },
  };
}

/** Latents of the codec that is given as a folder. */
export async function codecListener({ tf, directory }: Room, folder: string): Promise<Listener> {
  const codec = await loadEncodec(tf, folder);
  const latents = lateShard(directory, 'latents', ROLL_FRAMES_PER_SECOND);
  return {
    hear(id, { samples, sampleRate }) {
      const wave = resample(samples, sampleRate, codec.config.sampling_rate);
      tf.tidy(() => {
        const encoded = codec.encode(tf.tensor2d(wave, [1, wave.length]));
        latents.append(id, tf.reshape(encoded, [-1, codec.config.hidden_size]));
      });
    },
    close() {
      latents.close();
      codec.dispose();
    },
  };
}

/** Notes of those clips whose originals have notes. */
export async function transcriber({ tf, directory }: Room): Promise<Listener> {
  const model = await loadBasicPitch(tf);
  const shard = createShard(directory, { name: 'transcribed', scalar: 'u8', rowsPerSecond: ROLL_FRAMES_PER_SECOND, shape: [KEYS] });
  return {
    hear(id, { samples, sampleRate }, hasNotes) {
      if (!hasNotes) return;
      const frames = Math.round((samples.length / sampleRate) * ROLL_FRAMES_PER_SECOND);
      shard.append(id, model.transcribe(resample(samples, sampleRate, BASIC_PITCH_RATE), frames, ROLL_FRAMES_PER_SECOND));
    },
    close() {
      shard.close();
      model.dispose();
    },
  };
}

/** CLAP's sound tower of a folder: a row a clip. */
async function clapListener({ tf, directory }: Room, folder: string): Promise<Listener> {
  const encoder = await loadSoundEncoder(tf, folder);
  const shard = lateShard(directory, 'clap', 1);
  return {
    async hear(id, { samples, sampleRate }) {
      shard.put(id, await encoder.encode(resample(samples, sampleRate, encoder.sampleRate)), encoder.width);
    },
    async close() {
      shard.close();
      await encoder.dispose();
    },
  };
}
const clapOnnxListener = waveListener('clap', 48_000);

const GIVEN: Readonly<Record<HearingNetwork, (room: Room, path: string) => Promise<Listener>>> = {
  vggish: vggishListener,
  cnn14: cnn14Listener,
  wav2clip: wav2clipListener,
  passt: waveListener('passt', 32_000),
  clap: (room, path) => (isFolder(path) ? clapListener : clapOnnxListener)(room, path),
};
/** Passes on embeddings that another program made: `file` holds a tensor [n, width], or [width], for each clip. */
export async function givenEmbeddings({ tf, directory }: Room, name: string, file: string): Promise<Listener> {
  const { tensors } = await readFloats(file);
  const rows = lateShard(directory, name, 1);
  return {
    hear(id) {
      const found = tensors.get(id);
      if (found) tf.tidy(() => rows.append(id, tf.tensor(found.data, [...found.shape])));
    },
    close: rows.close,
  };
}

/** Why a network cannot be heard, and what to do. */
export interface Lack {
  readonly reason: string;
  readonly wayOut: string;
}

const WANTED: Readonly<Partial<Record<HearingNetwork, string>>> = {
  passt: 'an ONNX file that hears a waveform',
  clap: 'a folder of CLAP, or an ONNX file that hears a waveform',
};
const wayTo = (name: HearingNetwork): string => `--set networks.${name}=<${WANTED[name] ?? 'safetensors with the released names'}>`;

/** Files or folders by the network that they are. */
export type NetworkPaths = Readonly<Partial<Record<HearingNetwork, string>>>;
/** Those that `importNetworks` has laid into a folder. */
export const networksIn = (folder: string): NetworkPaths =>
  Object.fromEntries(existsSync(folder) ? readdirSync(folder).map((name) => [name.replace(/\..*/, ''), join(folder, name)]) : []);

/** Networks whose weights are given, and why the others cannot be had. */
export async function givenListeners(room: Room, paths: NetworkPaths): Promise<{ listeners: Listener[]; absent: Map<NetworkName, Lack> }> {
  const listeners: Listener[] = [];
  const absent = new Map<NetworkName, Lack>();
  for (const [name, listener] of Object.entries(GIVEN) as [HearingNetwork, (typeof GIVEN)['vggish']][]) {
    const path = paths[name];
    if (path === undefined) {
      absent.set(name, { reason: `${name}: weights missing`, wayOut: wayTo(name) });
      continue;
    }
    try {
      listeners.push(await listener(room, path));
    } catch (error) {
      const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
      absent.set(name, { reason: `${name}: ${reason}`, wayOut: wayTo(name) });
    }
  }
  return { listeners, absent };
}

/** Place of a prepared sound in the tree of what was heard. */
export const soundPath = (directory: string, id: string): string => join(directory, 'sounds', `${id}.wav`);

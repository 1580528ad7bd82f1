import { SostenutoError } from '../../errors/problem.ts';
import type { Precision } from '../backend/index.ts';
import { checkNetworkConfig, type NetworkConfig } from './config.ts';
import { at, size } from './differentiable.ts';
import { audioLayer, sideLayer } from './layers.ts';
import { linear, linearLayer } from './linear.ts';
import * as names from './names.ts';
import { rmsNorm } from './norm.ts';
import { type Named, recomputed } from './recompute.ts';
import { type RotaryTable, rotaryTable } from './rotary.ts';
import { mapStreams, type Streams } from './stream-map.ts';
import type { Tensor, Tf, Weights } from './tensor-types.ts';
import { timeEmbedding } from './time-embedding.ts';
import { weight } from './weight.ts';

export interface NetworkInputs {
  /** Point on the way from noise to latent, [B,T,channels]. */
  readonly latents: Tensor;
  /** [B], 0 = noise, 1 = data. */
  readonly time: Tensor;
  /** Text states [B,n,text width]; zeros where dropped or missing. */
  readonly text: Tensor;
  readonly textMask?: Tensor;
  /** Frame features at the latent rate [B,T,video width]; zeros where dropped or missing. */
  readonly video?: Tensor;
  /** Piano roll at the latent rate [B,T,keys]; zeros where there is no piano. */
  readonly roll?: Tensor;
  /** [B,T], 1 = valid. */
  readonly mask?: Tensor;
}

/** Looks at states on the way, for tests and pictures. */
export type Tap = (place: string, value: Tensor) => void;

export interface Network {
  readonly config: NetworkConfig;
  /** Velocity [B,T,channels]. A pure function of its arguments with static shapes. Throws `NETWORK_INPUT`, `MISSING_WEIGHT`. */
  predict(weights: Weights, inputs: NetworkInputs, tap?: Tap): Tensor;
  /** The streams before they first tell each other, without registers: audio untouched by any layer, video after its first. */
  entry(weights: Weights, inputs: NetworkInputs): Streams;
  /** Frees the tables of positions. */
  dispose(): void;
}

export interface NetworkOptions {
  /** `low`: the backward pass runs every layer again in place of keeping what it needs; a step then takes about 1.3 times as long. */
  readonly memory?: 'low' | 'normal' | undefined;
  /** `bf16`: without the fused kernels attention keeps its matrices of all pairs, which then take half the memory, in place of making them again. */
  readonly precision?: Precision | undefined;
}

const refuse = (where: string, found: string, expected: string) =>
  new SostenutoError({ code: 'NETWORK_INPUT', what: `The network cannot read its input ${where}.`, where, found, expected });

function checkInputs(config: NetworkConfig, inputs: NetworkInputs): void {
  const { latents, video, roll } = inputs;
  const frames = size(latents, 1);
  if (frames > config.positions) throw refuse('latents', `${frames} frames`, `at most ${config.positions}, the rows of the position table`);
  for (const [name, needed, given] of [
    ['video', config.video, video],
    ['roll', config.extra, roll],
  ] as const) {
    if (needed && !given) throw refuse(name, 'nothing', `features [${size(latents, 0)},${frames},·]; zeros where they are missing`);
    if (given && !needed) throw refuse(name, `[${given.shape}]`, `nothing: the network has no such stream`);
    if (given && size(given, 1) !== frames) throw refuse(name, `${size(given, 1)} frames`, `${frames}, as many as the latents`);
  }
}

/** The weights of the parts of a layer. */
const ofParts = (weights: Weights, parts: Readonly<Record<string, string>>): Weights => {
  const prefixes = Object.values(parts);
  return new Map([...weights].filter(([name]) => prefixes.some((part) => name === part || name.startsWith(`${part}.`))));
};

/**
 * The multi-stream diffusion transformer (arXiv 2503.22200; layer order as in the released code).
 * Per layer: video, extra, maps between the streams, U-Net skip on the audio, audio.
 */
export function createNetwork(tf: Tf, config: NetworkConfig, { memory = 'normal', precision = 'f32' }: NetworkOptions = {}): Network {
  checkNetworkConfig(config);
  const layerConfig = { ...config, keepPairs: precision === 'bf16' && memory === 'normal' };
  const block = <Learned extends Named, Given extends Named>(
    weights: Weights,
    parts: Readonly<Record<string, string>>,
    learned: Learned,
    given: Given,
    run: (weights: Weights, inputs: Learned & Given) => Tensor,
  ): Tensor => (memory === 'low' ? recomputed(tf, ofParts(weights, parts), learned, given, run) : run(weights, { ...learned, ...given }));
  const tables = new Map<string, RotaryTable>();
  const rotary = (stream: names.Stream, positions: number): RotaryTable => {
    const sizes = config[stream];
    if (!sizes) throw refuse(stream, 'no such stream', 'a stream of the network');
    const key = `${sizes.heads}/${sizes.headWidth}/${positions}`;
    const known = tables.get(key);
    if (known) return known;
    const scale = 1 / (Math.sqrt(sizes.headWidth) * config.softClamp);
    const table = rotaryTable(tf, { positions, heads: sizes.heads, headWidth: sizes.headWidth, scale });
    for (const tensor of Object.values(table)) tf.keep(tensor);
    tables.set(key, table);
    return table;
  };

  function start(weights: Weights, { latents, video, roll }: NetworkInputs): Streams {
    const [batch, frames] = [size(latents, 0), size(latents, 1)];
    const prepend = (stream: names.Stream, x: Tensor) => {
      const registers = weight(weights, names.registersName(stream));
      return tf.concat([tf.tile(tf.expandDims(registers, 0), [batch, 1, 1]), x], 1);
    };
    const positions = tf.slice(weight(weights, names.POSITIONS), [0, 0], [frames, config.audio.width]);
    const audio = prepend('audio', tf.add(linearLayer(tf, weights, names.INPUT, latents), positions));
    if (!video || !config.video) return { audio };
    const projects = config.video.inputWidth !== undefined && config.video.inputWidth !== config.video.width;
    const streams = { audio, video: prepend('video', projects ? linearLayer(tf, weights, names.VIDEO_INPUT, video) : video) };
    return roll ? { ...streams, extra: prepend('extra', linearLayer(tf, weights, names.ROLL_INPUT, roll)) } : streams;
  }

  const withRegisters = (mask?: Tensor) => mask && tf.concat([tf.ones([size(mask, 0), config.registers]), mask], 1);

  function sideLayers(weights: Weights, layer: number, { audio, video, extra }: Streams, mask?: Tensor): Streams {
    const run = (stream: 'video' | 'extra', x: Tensor) =>
      block(weights, names.sideNames(layer, stream), { x }, { mask }, (own, { x, mask }) =>
        sideLayer(tf, layerConfig, own, layer, stream, x, rotary(stream, size(x, 1)), mask),
      );
    return { audio, ...(video && { video: run('video', video) }), ...(extra && { extra: run('extra', extra) }) };
  }

  function entry(weights: Weights, inputs: NetworkInputs): Streams {
    checkInputs(config, inputs);
    const streams = sideLayers(weights, 0, start(weights, inputs), withRegisters(inputs.mask));
    const [batch, frames] = [size(inputs.latents, 0), size(inputs.latents, 1)];
    const bare = (x: Tensor) => tf.slice(x, [0, config.registers, 0], [batch, frames, size(x, 2)]);
    const { audio, video, extra } = streams;
    return { audio: bare(audio), ...(video && { video: bare(video) }), ...(extra && { extra: bare(extra) }) };
  }

  function predict(weights: Weights, inputs: NetworkInputs, tap: Tap = () => undefined): Tensor {
    checkInputs(config, inputs);
    const [batch, frames] = [size(inputs.latents, 0), size(inputs.latents, 1)];
    const tokens = config.registers + frames;
    const mask = withRegisters(inputs.mask);
    const condition = timeEmbedding(tf, weights, inputs.time);
    tap('time', condition);
    const text =
      config.text.width === config.audio.width ? inputs.text : linear(tf, inputs.text, weight(weights, `${names.TEXT_INPUT}.weight`));
    const masks = { ...(inputs.textMask && { textMask: inputs.textMask }), ...(mask && { mask }) };

    let streams = start(weights, inputs);
    const skips: Tensor[] = [];
    for (let i = 0; i < config.depth; i++) {
      const before = sideLayers(weights, i, streams, mask);
      tap(`before map ${i}`, before.audio);
      streams = mapStreams(tf, weights, i, i === config.depth - 1, before);
      for (const [name, value] of Object.entries(streams)) tap(`after map ${i} ${name}`, value);
      const skip = i < config.depth / 2 ? undefined : at(skips.splice(-1), 0);
      if (!skip) skips.push(streams.audio);
      const learned = { x: streams.audio, skip, condition, text };
      const audio = block(weights, names.audioNames(i), learned, masks, (own, { x, skip, ...others }) => {
        const joined = skip ? linear(tf, tf.concat([x, skip], -1), weight(own, names.audioNames(i).skip)) : x;
        return audioLayer(tf, layerConfig, own, i, joined, others, rotary('audio', tokens));
      });
      streams = { ...streams, audio };
    }
    const normalised = rmsNorm(tf, streams.audio, weight(weights, names.FINAL_NORM));
    return linearLayer(tf, weights, names.OUTPUT, tf.slice(normalised, [0, config.registers, 0], [batch, frames, config.audio.width]));
  }

  return {
    config,
    predict,
    entry,
    dispose: () => {
      for (const table of tables.values()) tf.dispose(Object.values(table));
      tables.clear();
    },
  };
}

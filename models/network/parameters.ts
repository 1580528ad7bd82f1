import { normal, uniform } from '../../numeric/random.ts';
import { checkNetworkConfig, type NetworkConfig, type StreamConfig } from './config.ts';
import * as names from './names.ts';

/** How a weight begins. `uniform` is torch's Linear default ±1/√(inputs). */
export type Initial =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'normal'; readonly deviation: number }
  | { readonly kind: 'uniform'; readonly bound: number };

export interface ParameterShape {
  readonly shape: readonly number[];
  readonly initial: Initial;
  /** False for buffers, which are saved but never trained. */
  readonly trainable: boolean;
}
export type ParameterShapes = ReadonlyMap<string, ParameterShape>;

const constant = (value: number): Initial => ({ kind: 'constant', value });
const ZERO = constant(0);
/** Sigmoid gates begin at sigmoid(−2) ≈ 0.12, head gates at sigmoid(10) ≈ 1. */
const GATE_BIAS = constant(-2);
const HEAD_GATE_BIAS = constant(10);

/** Every weight of a network as name, shape and beginning; allocates nothing. Throws `NETWORK_CONFIG`. */
export function parameterShapes(config: NetworkConfig): Map<string, ParameterShape> {
  checkNetworkConfig(config);
  const all = new Map<string, ParameterShape>();
  const add = (name: string, shape: readonly number[], initial: Initial, trainable = true) => all.set(name, { shape, initial, trainable });
  const fanIn = (inputs: number): Initial => ({ kind: 'uniform', bound: 1 / Math.sqrt(inputs) });
  const matrix = (name: string, out: number, inputs: number) => add(name, [out, inputs], fanIn(inputs));
  const linear = (prefix: string, out: number, inputs: number) => {
    matrix(`${prefix}.weight`, out, inputs);
    add(`${prefix}.bias`, [out], fanIn(inputs));
  };
  const conv = (prefix: string, width: number) => {
    add(`${prefix}.weight`, [width, 1, config.kernel], fanIn(config.kernel));
    add(`${prefix}.bias`, [width], fanIn(config.kernel));
  };
  const attention = (prefix: string, { width, heads, headWidth }: StreamConfig) => {
    const part = names.attentionNames(prefix);
    for (const name of [part.query, part.key, part.value]) matrix(name, heads * headWidth, width);
    matrix(part.out, width, heads * headWidth);
    add(part.gate, [heads, width], ZERO);
    add(part.gateBias, [heads], HEAD_GATE_BIAS);
  };
  const feedForward = (prefix: string, width: number) => {
    const inner = width * config.feedForwardMultiple;
    linear(`${prefix}.ff.0.proj`, 2 * inner, width);
    linear(`${prefix}.ff.2`, width, inner);
  };

  const { audio, video, extra } = config;
  const width = audio.width;
  linear(names.INPUT, width, config.latentChannels);
  linear(names.OUTPUT, config.latentChannels, width);
  // Without a bias, so that a text of zeros stays one and contributes nothing.
  if (config.text.width !== width) matrix(`${names.TEXT_INPUT}.weight`, width, config.text.width);
  if (video?.inputWidth !== undefined && video.inputWidth !== video.width) linear(names.VIDEO_INPUT, video.width, video.inputWidth);
  if (extra) linear(names.ROLL_INPUT, extra.width, extra.keys);
  add(names.POSITIONS, [config.positions, width], { kind: 'normal', deviation: 0.02 });
  for (const stream of names.STREAMS) {
    const sizes = config[stream];
    if (sizes) add(names.registersName(stream), [config.registers, sizes.width], { kind: 'normal', deviation: 0.02 });
  }
  add(names.FOURIER, [width / 2], { kind: 'normal', deviation: 1 }, false);
  linear(names.TIME, width, width + 1);
  add(names.FINAL_NORM, [width], constant(1));

  for (let i = 0; i < config.depth; i++) {
    const a = names.audioNames(i);
    if (i >= config.depth / 2) matrix(a.skip, width, 2 * width);
    conv(a.conv, width);
    for (const norm of [a.selfNorm, a.crossNorm, a.feedForwardNorm]) add(norm, [width, width], ZERO);
    for (const gate of [a.selfGate, a.crossGate, a.feedForwardGate]) {
      add(`${gate}.weight`, [width, width], ZERO);
      add(`${gate}.bias`, [width], GATE_BIAS);
    }
    attention(a.self, audio);
    attention(a.cross, audio);
    feedForward(a.feedForward, width);
    for (const stream of ['video', 'extra'] as const) {
      const sizes = config[stream];
      if (!sizes) continue;
      const s = names.sideNames(i, stream);
      conv(s.conv, sizes.width);
      for (const norm of [s.attentionNorm, s.feedForwardNorm]) add(norm, [sizes.width], constant(1));
      attention(s.attention, sizes);
      feedForward(s.feedForward, sizes.width);
    }
    if (!video) continue;
    const map = names.mapNames(i, extra !== undefined);
    const last = i === config.depth - 1;
    add(map.toAudio, [width, width + video.width + (extra?.width ?? 0)], ZERO);
    if (!last) add(map.toVideo, [video.width, width + video.width], ZERO);
    if (!last && extra) add(map.toExtra, [extra.width, width + extra.width], ZERO);
  }
  return all;
}

const elements = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/** Number of trained values. */
export function countParameters(shapes: ParameterShapes): number {
  let count = 0;
  for (const { shape, trainable } of shapes.values()) if (trainable) count += elements(shape);
  return count;
}

export interface NamedArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** First values of every weight. Each depends on the seed and its own name only, so adding a stream leaves the others as they are. */
export function initialParameters(shapes: ParameterShapes, seed: number): Map<string, NamedArray> {
  const all = new Map<string, NamedArray>();
  for (const [name, { shape, initial }] of shapes) {
    const count = elements(shape);
    const address = { seed, purpose: `weight/${name}` };
    let data = new Float32Array(count);
    if (initial.kind === 'constant') data.fill(initial.value);
    else if (initial.kind === 'normal') data = normal(address, count).map((value) => value * initial.deviation);
    else data = Float32Array.from(uniform(address, count), (value) => (2 * value - 1) * initial.bound);
    all.set(name, { shape, data });
  }
  return all;
}

import { joinFloats } from '../../numeric/join-floats.ts';
import { uniform } from '../../numeric/random.ts';
import type { Tensor, Tensor4D } from '../backend/index.ts';
import type { EncodecConfig } from '../encoders/encodec/index.ts';
import type { Kernels } from '../encoders/encodec/kernels.ts';
import { type Convolution, convolutions, encodecLayout } from '../encoders/encodec/layout.ts';
import { type StoredTensor, storeFloats } from '../tensor/safetensors.ts';

/**
 * A training moves the filters themselves, in the shape in which they are applied (`…filter` [1,taps,in,out], `…bias` [out]);
 * weight normalisation is made when they are written. That leaves one split and nothing else to do in a step.
 */
export interface Parameter {
  readonly shape: readonly number[];
  /** Uniform in ±bound at the start. */
  readonly bound: number;
}

/** Sound prepared to a peak of 0.5 has a deviation near 1/16. */
const SOUND_TO_UNIT = 16;

const allConvolutions = (config: EncodecConfig): Convolution[] => {
  const { encoder, decoder } = encodecLayout(config);
  return [...convolutions(encoder), ...convolutions(decoder)];
};

/** Names, shapes and beginnings. Throws if the configuration has recurrent layers, which this recipe does not train. */
export function codecParameters(config: EncodecConfig): Map<string, Parameter> {
  if (config.num_lstm_layers > 0)
    throw new RangeError(`the recipe trains no recurrent layers, found num_lstm_layers ${config.num_lstm_layers}`);
  const all = new Map<string, Parameter>();
  const every = allConvolutions(config);
  const [first, last] = [every[0]?.name, every.at(-1)?.name];
  for (const { name, direction, input, output, kernel, stride } of every) {
    const taps = direction === 'same' ? kernel : 2;
    const shape = [1, taps, direction === 'down' ? stride * input : input, direction === 'up' ? stride * output : output];
    // Keeps the variance; the two branches of a residual block share it.
    const gain =
      (/block\.3|shortcut/.test(name) ? Math.SQRT1_2 : 1) * (name === first ? SOUND_TO_UNIT : name === last ? 1 / SOUND_TO_UNIT : 1);
    all.set(`${name}.filter`, { shape, bound: gain * Math.sqrt(3 / (taps * (shape[2] ?? 1))) });
    all.set(`${name}.bias`, { shape: [output], bound: 0 });
  }
  return all;
}

/** First values, in the order of the parameters, as one vector. */
export function initialValues(parameters: ReadonlyMap<string, Parameter>, seed: number): Float32Array {
  const parts = [...parameters].map(([name, { shape, bound }]): Float32Array => {
    const count = shape.reduce((a, b) => a * b, 1);
    return bound === 0
      ? new Float32Array(count)
      : Float32Array.from(uniform({ seed, purpose: `weight/${name}` }, count), (u) => (2 * u - 1) * bound);
  });
  return joinFloats(parts);
}

/** The tensors of `codecParameters`, in their order, as kernels. */
export function kernelsOf(names: readonly string[], tensors: readonly Tensor[]): Kernels {
  const byName = new Map(names.map((name, i) => [name, tensors[i]]));
  const kernels = names
    .filter((name) => name.endsWith('.filter'))
    .map((name): [string, { filter: Tensor4D; bias: Tensor }] => {
      const conv = name.slice(0, -'.filter'.length);
      const [filter, bias] = [byName.get(name), byName.get(`${conv}.bias`)];
      if (!filter || !bias) throw new Error(`no parameters of ${conv}`);
      return [conv, { filter: filter as Tensor4D, bias }];
    });
  return { convolutions: new Map(kernels), recurrences: new Map() };
}

/** The published names and shapes (`weight_g`, `weight_v`, `bias`) of a vector of parameters. */
export function publishedTensors(config: EncodecConfig, values: Float32Array, dtype: 'F32' | 'F16'): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  let at = 0;
  for (const conv of allConvolutions(config)) {
    const { name, direction, input, output, kernel } = conv;
    const size = input * output * kernel;
    const [first, second] = direction === 'up' ? [input, output] : [output, input];
    const weight = new Float32Array(size);
    forEachWeight(conv, (torch, own) => {
      weight[torch] = values[at + own] ?? 0;
    });
    const norms = Float32Array.from({ length: first }, (_, row) =>
      Math.hypot(...weight.subarray(row * second * kernel, (row + 1) * second * kernel)),
    );
    tensors.set(`${name}.weight_g`, storeFloats(norms, [first, 1, 1], dtype));
    tensors.set(`${name}.weight_v`, storeFloats(weight, [first, second, kernel], dtype));
    tensors.set(`${name}.bias`, storeFloats(values.slice(at + size, at + size + output), [output], dtype));
    at += size + output;
  }
  return tensors;
}

/** The inverse of `publishedTensors`: the vector with which a training goes on from published weights. */
export function valuesOf(config: EncodecConfig, tensors: ReadonlyMap<string, StoredTensor<Float32Array>>): Float32Array {
  const data = (name: string): Float32Array => tensors.get(name)?.data ?? new Float32Array();
  const parts = allConvolutions(config).flatMap((conv) => {
    const { name, direction, input, output, kernel } = conv;
    const [g, v] = [data(`${name}.weight_g`), data(`${name}.weight_v`)];
    const row = (direction === 'up' ? output : input) * kernel;
    const scale = Float64Array.from(g, (gain, i) => gain / Math.hypot(...v.subarray(i * row, (i + 1) * row)));
    const filter = new Float32Array(input * output * kernel);
    forEachWeight(conv, (torch, own) => {
      filter[own] = (v[torch] ?? 0) * (scale[Math.floor(torch / row)] ?? 0);
    });
    return [filter, data(`${name}.bias`)];
  });
  return joinFloats(parts);
}

/** Pairs the place of each weight in torch's order ([out,in,k], or [in,out,k] of a transposed convolution) with that in a filter [taps,in,out]. */
function forEachWeight({ direction, input, output, kernel, stride }: Convolution, visit: (torch: number, own: number) => void): void {
  for (let i = 0; i < input; i++)
    for (let o = 0; o < output; o++)
      for (let k = 0; k < kernel; k++) {
        // Tap 0 of `up` holds the second half of the kernel; its out channels are (offset in the block, channel).
        const up = ((k < stride ? 1 : 0) * input + i) * stride * output + (k % stride) * output + o;
        if (direction === 'up') visit((i * output + o) * kernel + k, up);
        else visit((o * input + i) * kernel + k, (k * input + i) * output + o);
      }
}

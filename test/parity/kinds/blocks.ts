import { expect } from 'vitest';
import { crossAttention, selfAttention } from '../../../models/network/attention.ts';
import { depthwiseConvolution } from '../../../models/network/convolution.ts';
import { feedForward } from '../../../models/network/feed-forward.ts';
import { adaptiveRmsNorm, gatedResidual, outputGates } from '../../../models/network/modulation.ts';
import { mapNames } from '../../../models/network/names.ts';
import { rmsNorm } from '../../../models/network/norm.ts';
import { rotaryFrequencies, rotaryTable } from '../../../models/network/rotary.ts';
import { mapStreams } from '../../../models/network/stream-map.ts';
import type { Tensor, Weights } from '../../../models/network/tensor-types.ts';
import { fourierFeatures, timeEmbedding } from '../../../models/network/time-embedding.ts';
import { type Fixture, maxDifference, openFixture, relativeDifference, testBackend } from '../../models/network/fixture.ts';
import { everyScope, type Kind } from '../kind.ts';

const GRADIENT_TOLERANCE = 2e-5;
const tf = await testBackend();

interface Block {
  readonly given: ReadonlyMap<string, Tensor>;
  readonly weights: Weights;
}
type Forward = (block: Block, fixture: Fixture, scope: string) => Tensor[];
const get = (map: ReadonlyMap<string, Tensor>, name: string): Tensor => {
  const found = map.get(name);
  if (!found) throw new Error(`no ${name}`);
  return found;
};
const within = (scope: string, name: string) => (scope === '' ? name : `${scope}/${name}`);
/** Inputs that decide, but are not differentiated by. */
const NOT_VALUES = /^(?:probe\d?|mask|ctx_mask)$/;

/** Value and all stored gradients of one case: loss = Σ out·probe. */
function checkBlock(fixture: Fixture, scope: string, forward: Forward, tolerance: number): void {
  const prefix = within(scope, 'in/');
  const inputs = fixture.names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  const weights = fixture.weights(scope);
  const given = new Map(inputs.filter((name) => !NOT_VALUES.test(name)).map((name) => [name, fixture.tensor(prefix + name)]));
  const probes = inputs.filter((name) => name.startsWith('probe')).sort();
  const all = new Map([...weights, ...[...given].map(([name, tensor]) => [`in/${name}`, tensor] as const)]);
  const wanted = [...all.keys()].filter((name) => fixture.has(within(scope, `grad/${name}`)));
  let values: Tensor[] = [];
  const loss = () => {
    values = forward({ given, weights }, fixture, scope).map((value) => tf.keep(value));
    return tf.addN(values.map((value, i) => tf.sum(tf.mul(value, fixture.tensor(`${prefix}${probes[i]}`)))));
  };
  if (wanted.length === 0) loss();
  const gradients = wanted.length === 0 ? [] : tf.grads(loss)(wanted.map((name) => get(all, name)));
  for (const [i, value] of values.entries()) {
    const name = within(scope, `out/y${probes[i]?.slice('probe'.length)}`);
    expect(maxDifference(value, fixture.array(name)), name).toBeLessThanOrEqual(tolerance);
  }
  for (const [i, name] of wanted.entries()) {
    const [gradient, stored] = [gradients[i] as Tensor, within(scope, `grad/${name}`)];
    expect(relativeDifference(gradient, fixture.array(stored)), stored).toBeLessThan(GRADIENT_TOLERANCE);
  }
}

function block(name: string, tolerance: number | ((scope: string) => number), forward: Forward, more?: (fixture: Fixture) => void): Kind {
  return {
    name,
    cases: new RegExp(`(?:^|/)network/${name}(?:_.*)?\\.safetensors$`),
    checks: (path) => {
      const fixture = openFixture(tf, path);
      return everyScope(fixture, (scope) => {
        more?.(fixture);
        checkBlock(fixture, scope, forward, typeof tolerance === 'number' ? tolerance : tolerance(scope));
      });
    },
  };
}

const underPrefix = (weights: Weights, prefix = 'a.'): Weights =>
  new Map([...weights].map(([name, tensor]) => [`${prefix}${name}`, tensor]));
const optional = (fixture: Fixture, name: string) => (fixture.has(name) ? fixture.tensor(name) : undefined);
/** A case with weights of its own may have other heads than the file's config says. */
function attentionSizes(fixture: Fixture, weights: Weights) {
  const heads = get(weights, 'to_v_head_gate.weight').shape[0] ?? 0;
  return { heads, headWidth: (get(weights, 'to_q.weight').shape[0] ?? 0) / heads, softClamp: fixture.config['softclamp'] ?? 50 };
}

/** Rows from 1e-3 to 1e3, relative to their own length; a row of zeros stays exactly zero. */
function checkRows(fixture: Fixture): void {
  const { shape, data } = fixture.array('values/out/y');
  const width = shape.at(-1) ?? 1;
  const values = rmsNorm(tf, fixture.tensor('values/in/x'), fixture.tensor('w/g')).dataSync<'float32'>();
  for (let from = 0; from < data.length; from += width) {
    const [row, expected] = [tf.tensor1d(values.slice(from, from + width)), { shape: [width], data: data.slice(from, from + width) }];
    if (expected.data.every((value) => value === 0)) expect(maxDifference(row, expected)).toBe(0);
    else expect(relativeDifference(row, expected)).toBeLessThan(1e-6);
  }
}

export const blocks: readonly Kind[] = [
  block('block_conv', 1e-5, ({ given, weights }, fixture, scope) => {
    const mask = optional(fixture, within(scope, 'in/mask'));
    return [depthwiseConvolution(tf, weights, 'dw_conv1d.0', get(given, 'x'), mask && tf.expandDims(mask, -1))];
  }),
  block('block_rmsnorm', 1e-4, ({ given, weights }) => [rmsNorm(tf, get(given, 'x'), get(weights, 'g'))], checkRows),
  block('block_adaptive_rmsnorm', 1e-5, ({ given, weights }) => [
    adaptiveRmsNorm(tf, get(given, 'x'), get(given, 'cond'), get(weights, 'to_gamma.weight')),
  ]),
  block('block_gate', 1e-5, ({ given, weights }) => {
    const [gate] = outputGates(tf, get(given, 'cond'), [get(weights, 'to_gamma.weight')], [get(weights, 'to_gamma.bias')]);
    const x = get(given, 'x');
    return [gatedResidual(tf, tf.zerosLike(x), gate as Tensor, x)];
  }),
  block(
    'block_time_embed',
    1e-5,
    ({ given, weights }) => [timeEmbedding(tf, underPrefix(weights, 'transformer.time_cond_mlp.'), get(given, 't'))],
    (fixture) => {
      const features = fourierFeatures(tf, fixture.tensor('in/t'), fixture.tensor('w/0.weights'));
      expect(maxDifference(features, fixture.array('out/fourier'))).toBeLessThanOrEqual(1e-5);
    },
  ),
  block(
    'block_self_attention',
    (scope) => (scope.startsWith('clamped') ? 1.5e-4 : 1e-5),
    ({ given, weights }, fixture, scope) => {
      const [x, sizes] = [get(given, 'x'), attentionSizes(fixture, weights)];
      const scale = 1 / (sizes.softClamp * Math.sqrt(sizes.headWidth));
      const turning = 2 * (fixture.array('const/inv_freq').shape[0] ?? 0);
      const rotary = rotaryTable(tf, { positions: x.shape[1] ?? 0, ...sizes, scale, turning });
      for (const table of Object.values(rotary)) tf.keep(table); // the backward pass reads them again
      return [selfAttention(tf, underPrefix(weights), 'a', x, sizes, rotary, optional(fixture, within(scope, 'in/mask')))];
    },
    (fixture) => {
      const stored = fixture.array('const/inv_freq');
      const frequencies = rotaryFrequencies(2 * stored.data.length);
      expect(maxDifference(tf.tensor1d(frequencies), stored)).toBeLessThan(1e-7);
      const { shape, data } = fixture.array('const/angles');
      const width = shape[1] ?? 1;
      const largest = data.map((angle, i) => Math.abs(angle - Math.floor(i / width) * (frequencies[(i % width) >> 1] ?? Number.NaN)));
      expect(Math.max(...largest)).toBeLessThan(1e-5);
    },
  ),
  block('block_cross_attention', 1e-5, ({ given, weights }, fixture, scope) => {
    const [mask, textMask] = ['mask', 'ctx_mask'].map((name) => optional(fixture, within(scope, `in/${name}`)));
    const sizes = attentionSizes(fixture, weights);
    return [crossAttention(tf, underPrefix(weights), 'a', get(given, 'x'), get(given, 'ctx'), sizes, textMask, mask)];
  }),
  block('block_geglu_feedforward', 2e-5, ({ given, weights }) => [feedForward(tf, underPrefix(weights), 'a', get(given, 'x'))]),
  block('block_cross_stream_map', 1e-5, ({ given, weights }, _, scope) => {
    const extra = given.get('extra');
    const prefix = mapNames(0, extra !== undefined).toVideo.replace('audio_to_text.weight', '');
    const streams = { audio: get(given, 'audio'), video: get(given, 'video'), ...(extra && { extra }) };
    const mapped = mapStreams(tf, underPrefix(weights, prefix), 0, scope.endsWith('last'), streams);
    return [mapped.audio, mapped.video, mapped.extra].filter((value) => value !== undefined);
  }),
];

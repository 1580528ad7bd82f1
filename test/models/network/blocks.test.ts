import { beforeAll, describe, expect, it } from 'vitest';
import { crossAttention, selfAttention } from '../../../models/network/attention.ts';
import { depthwiseConvolution } from '../../../models/network/convolution.ts';
import { feedForward } from '../../../models/network/feed-forward.ts';
import { adaptiveRmsNorm, gatedResidual, outputGates } from '../../../models/network/modulation.ts';
import { mapNames } from '../../../models/network/names.ts';
import { rmsNorm } from '../../../models/network/norm.ts';
import { rotaryFrequencies, rotaryTable } from '../../../models/network/rotary.ts';
import { mapStreams } from '../../../models/network/stream-map.ts';
import type { Tensor, Tf, Weights } from '../../../models/network/tensor-types.ts';
import { fourierFeatures, timeEmbedding } from '../../../models/network/time-embedding.ts';
import { type Fixture, maxDifference, readFixture, relativeDifference, testBackend } from './fixture.ts';

const GRADIENT_TOLERANCE = 2e-5;
let tf: Tf;
beforeAll(async () => {
  tf = await testBackend();
});

const get = (map: ReadonlyMap<string, Tensor>, name: string): Tensor => {
  const found = map.get(name);
  if (!found) throw new Error(`no ${name}`);
  return found;
};

/** Value and all stored gradients of one case: loss = Σ out·probe. */
function checkCase(
  fixture: Fixture,
  scope: string,
  inputs: string[],
  forward: (inputs: Map<string, Tensor>, weights: Weights) => Tensor[],
  tolerance: number,
  outputs = ['y'],
  probes = ['probe'],
) {
  const prefix = scope === '' ? '' : `${scope}/`;
  const weights = fixture.weights(scope);
  const given = new Map(inputs.map((name) => [name, fixture.tensor(`${prefix}in/${name}`)]));
  const all = new Map([...weights, ...[...given].map(([name, tensor]) => [`in/${name}`, tensor] as const)]);
  const wanted = [...all.keys()].filter((name) => fixture.has(`${prefix}grad/${name}`));
  let values: Tensor[] = [];
  const loss = () => {
    values = forward(given, weights);
    const parts = values.map((value, i) => tf.sum(tf.mul(value, fixture.tensor(`${prefix}in/${probes[i]}`))));
    values = values.map((value) => tf.keep(value));
    return tf.addN(parts);
  };
  if (wanted.length === 0) loss();
  else {
    const gradients = tf.grads(loss)(wanted.map((name) => get(all, name)));
    wanted.forEach((name, i) => {
      const gradient = gradients[i];
      if (!gradient) throw new Error(`no gradient by ${name}`);
      expect(relativeDifference(gradient, fixture.array(`${prefix}grad/${name}`)), `${prefix}grad/${name}`).toBeLessThan(
        GRADIENT_TOLERANCE,
      );
    });
  }
  values.forEach((value, i) => {
    expect(maxDifference(value, fixture.array(`${prefix}out/${outputs[i]}`)), `${prefix}out`).toBeLessThanOrEqual(tolerance);
  });
}

describe('depthwise convolution and SiLU', () => {
  it.each(['plain', 'masked', 'long'])('%s', (scope) => {
    const fixture = readFixture(tf, 'block_conv');
    const mask = scope === 'masked' ? tf.expandDims(fixture.tensor('masked/in/mask'), -1) : undefined;
    checkCase(fixture, scope, ['x'], (given, weights) => [depthwiseConvolution(tf, weights, 'dw_conv1d.0', get(given, 'x'), mask)], 1e-5);
  });
});

describe('norms and gates', () => {
  it('RMSNorm keeps to the formula from tiny to huge rows and maps a zero row to zero', () => {
    const fixture = readFixture(tf, 'block_rmsnorm');
    const y = rmsNorm(tf, fixture.tensor('values/in/x'), fixture.tensor('w/g'));
    const expected = fixture.array('values/out/y');
    const [rows, width] = [20, 24];
    const values = y.dataSync();
    for (let row = 0; row < rows; row++) {
      const part = { shape: [width], data: Float32Array.from(expected.data.slice(row * width, (row + 1) * width)) };
      const actual = tf.tensor1d(Float32Array.from(values.slice(row * width, (row + 1) * width)));
      const zero = part.data.every((value) => value === 0);
      if (zero) expect(maxDifference(actual, part)).toBe(0);
      else expect(relativeDifference(actual, part)).toBeLessThan(1e-6);
    }
  });
  it('RMSNorm has the gradients of the reference', () => {
    const fixture = readFixture(tf, 'block_rmsnorm');
    const scope = fixture.names.some((name) => name.startsWith('grads/')) ? 'grads' : 'values';
    checkCase(fixture, scope, ['x'], (given, weights) => [rmsNorm(tf, get(given, 'x'), get(weights, 'g'))], 1e-4);
  });
  it('AdaptiveRMSNorm', () => {
    const fixture = readFixture(tf, 'block_adaptive_rmsnorm');
    checkCase(
      fixture,
      '',
      ['x', 'cond'],
      (given, weights) => [adaptiveRmsNorm(tf, get(given, 'x'), get(given, 'cond'), get(weights, 'to_gamma.weight'))],
      1e-5,
    );
  });
  it('output gate', () => {
    const fixture = readFixture(tf, 'block_gate');
    checkCase(
      fixture,
      '',
      ['x', 'cond'],
      (given, weights) => {
        const [gate] = outputGates(tf, get(given, 'cond'), [get(weights, 'to_gamma.weight')], [get(weights, 'to_gamma.bias')]);
        const x = get(given, 'x');
        return [gatedResidual(tf, tf.zerosLike(x), gate as Tensor, x)];
      },
      1e-5,
    );
  });
});

it('time embedding', () => {
  const fixture = readFixture(tf, 'block_time_embed');
  const renamed = (weights: Weights): Weights =>
    new Map([...weights].map(([name, tensor]) => [`transformer.time_cond_mlp.${name}`, tensor]));
  expect(
    maxDifference(fourierFeatures(tf, fixture.tensor('in/t'), fixture.tensor('w/0.weights')), fixture.array('out/fourier')),
  ).toBeLessThanOrEqual(1e-5);
  checkCase(fixture, '', ['t'], (given, weights) => [timeEmbedding(tf, renamed(weights), get(given, 't'))], 1e-5);
});

it('rotary frequencies', () => {
  const stored = readFixture(tf, 'block_self_attention').array('const/inv_freq');
  expect(maxDifference(tf.tensor1d(rotaryFrequencies(8)), stored)).toBeLessThan(1e-7);
});

describe('self-attention', () => {
  const underPrefix = (weights: Weights): Weights => new Map([...weights].map(([name, tensor]) => [`a.${name}`, tensor]));
  it.each([
    ['plain', { heads: 3, headWidth: 8 }, 1e-5],
    ['masked', { heads: 3, headWidth: 8 }, 1e-5],
    ['clamped', { heads: 3, headWidth: 8 }, 1.5e-4],
    ['partial', { heads: 2, headWidth: 16 }, 1e-5],
  ] as const)('%s', (scope, sizes, tolerance) => {
    const fixture = readFixture(tf, 'block_self_attention');
    const mask = fixture.has(`${scope}/in/mask`) ? fixture.tensor(`${scope}/in/mask`) : undefined;
    const scale = 1 / (50 * Math.sqrt(sizes.headWidth));
    const rotary = rotaryTable(tf, { positions: 10, ...sizes, scale, turning: 8 });
    checkCase(
      fixture,
      scope,
      ['x'],
      (given, weights) => [selfAttention(tf, underPrefix(weights), 'a', get(given, 'x'), { ...sizes, softClamp: 50 }, rotary, mask)],
      tolerance,
    );
  });
  it('turns red when the positions are shifted by one register', () => {
    const fixture = readFixture(tf, 'block_self_attention');
    const rotary = rotaryTable(tf, { positions: 10, heads: 3, headWidth: 8, scale: 1 / (50 * Math.sqrt(8)), turning: 4 });
    const y = selfAttention(
      tf,
      underPrefix(fixture.weights()),
      'a',
      fixture.tensor('plain/in/x'),
      { heads: 3, headWidth: 8, softClamp: 50 },
      rotary,
    );
    expect(maxDifference(y, fixture.array('plain/out/y'))).toBeGreaterThan(1e-3);
  });
});

describe('cross-attention', () => {
  const underPrefix = (weights: Weights): Weights => new Map([...weights].map(([name, tensor]) => [`a.${name}`, tensor]));
  it.each(['plain', 'masked', 'row_without_context', 'null_context'])('%s', (scope) => {
    const fixture = readFixture(tf, 'block_cross_attention');
    const optional = (name: string) => (fixture.has(`${scope}/in/${name}`) ? fixture.tensor(`${scope}/in/${name}`) : undefined);
    const inputs = ['x', 'ctx'].filter((name) => fixture.has(`${scope}/in/${name}`));
    const forward = (given: Map<string, Tensor>, weights: Weights) => {
      const context = given.get('ctx') ?? tf.zeros([2, 5, 24]);
      return [
        crossAttention(
          tf,
          underPrefix(weights),
          'a',
          get(given, 'x'),
          context,
          { heads: 3, headWidth: 8, softClamp: 50 },
          optional('ctx_mask'),
          optional('mask'),
        ),
      ];
    };
    checkCase(fixture, scope, inputs, forward, 1e-5);
  });
});

it('GEGLU feed-forward', () => {
  const fixture = readFixture(tf, 'block_geglu_feedforward');
  const underPrefix = (weights: Weights): Weights => new Map([...weights].map(([name, tensor]) => [`a.${name}`, tensor]));
  checkCase(fixture, '', ['x'], (given, weights) => [feedForward(tf, underPrefix(weights), 'a', get(given, 'x'))], 2e-5);
});

describe('maps between the streams', () => {
  it.each(['stage1', 'stage1last', 'stage2', 'stage2last'])('%s', (scope) => {
    const fixture = readFixture(tf, 'block_cross_stream_map');
    const withExtra = scope.startsWith('stage2');
    const prefix = mapNames(0, withExtra).toVideo.replace('audio_to_text.weight', '');
    const inputs = ['audio', 'video', ...(withExtra ? ['extra'] : [])];
    const forward = (given: Map<string, Tensor>, weights: Weights) => {
      const named = new Map([...weights].map(([name, tensor]) => [`${prefix}${name}`, tensor]));
      const extra = given.get('extra');
      const streams = { audio: get(given, 'audio'), video: get(given, 'video'), ...(extra && { extra }) };
      const mapped = mapStreams(tf, named, 0, scope.endsWith('last'), streams);
      return [mapped.audio, mapped.video, mapped.extra].filter((value) => value !== undefined);
    };
    checkCase(fixture, scope, inputs, forward, 1e-5, ['y0', 'y1', 'y2'], ['probe0', 'probe1', 'probe2']);
  });
});

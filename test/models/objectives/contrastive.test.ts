import { beforeAll, describe, expect, it } from 'vitest';
import { PAPER_STAGE_1 } from '../../../models/network/config.ts';
import { countParameters, parameterShapes } from '../../../models/network/parameters.ts';
import type { Tensor, Tf } from '../../../models/network/tensor-types.ts';
import {
  type ContrastiveOptions,
  contrastiveLoss,
  contrastiveShapes,
  PAPER_CONTRASTIVE,
  projectFrames,
} from '../../../models/objectives/contrastive.ts';
import { normal } from '../../../numeric/random.ts';
import { type Fixture, readFixture, testBackend } from '../network/fixture.ts';
import { againstDifferences, gradientStep, type Leaves } from './gradient-step.ts';

let tf: Tf;
let fixture: Fixture;
beforeAll(async () => {
  tf = await testBackend();
  fixture = readFixture(tf, 'loss_contrastive');
});

const loss = (options: ContrastiveOptions, mask?: Tensor) => (leaves: Leaves) =>
  contrastiveLoss(tf, leaves.get('audio') as Tensor, leaves.get('video') as Tensor, options, mask);
const embeddings = (scope: string): Leaves => new Map(['audio', 'video'].map((name) => [name, fixture.tensor(`${scope}/in/${name}`)]));
const draw = (purpose: string, shape: [number, number, number]) =>
  tf.tensor3d(normal({ seed: 3, purpose }, shape[0] * shape[1] * shape[2]), shape);
const value = (tensor: Tensor) => tensor.dataSync()[0] ?? Number.NaN;
const expected = (name: string) => fixture.array(name).data[0] ?? Number.NaN;

it('tells the two forms apart as soon as a clip has several frames', () => {
  const mixed = (scope: string) => Math.abs(value(loss(PAPER_CONTRASTIVE)(embeddings(scope))) - expected(`${scope}/out/authors_loss`));
  expect(mixed('one_frame')).toBeLessThan(5e-6);
  expect(mixed('many_frames')).toBeGreaterThan(5);
});

describe.each<ContrastiveOptions['form']>(['in', 'out'])('form %s', (form) => {
  const options = { temperature: 0.07, form };
  it('is ln N for equal embeddings, however many frames, and 0 for one clip alone', () => {
    const equal = tf.ones([6, 1, 4]) as Tensor;
    expect(value(contrastiveLoss(tf, equal, equal, options))).toBeCloseTo(Math.log(6), 5);
    const many = tf.ones([6, 3, 4]) as Tensor;
    expect(value(contrastiveLoss(tf, many, many, options))).toBeCloseTo(Math.log(form === 'in' ? 6 : 18), 5);
    expect(value(contrastiveLoss(tf, draw('a', [1, 1, 4]), draw('v', [1, 1, 4]), options))).toBeCloseTo(0, 6);
  });
  it('does not see the order of the clips, but sees which belong together', () => {
    const leaves = embeddings('many_frames');
    const order = tf.tensor1d([3, 0, 5, 1, 4, 2], 'int32');
    const turned = (names: string[]) => new Map([...leaves].map(([name, x]) => [name, names.includes(name) ? tf.gather(x, order) : x]));
    const before = value(loss(options)(leaves));
    expect(value(loss(options)(turned(['audio', 'video'])))).toBeCloseTo(before, 5);
    expect(Math.abs(value(loss(options)(turned(['video']))) - before)).toBeGreaterThan(0.1);
  });
  it('does not see masked frames, neither as anchors nor as contrasts', () => {
    const mask = tf.tensor2d([
      [1, 1, 0],
      [1, 1, 0],
    ]);
    const [audio, video] = [draw('a', [2, 3, 4]), draw('v', [2, 3, 4])];
    const cut = (x: Tensor) => tf.slice(x, [0, 0, 0], [2, 2, 4]);
    const leaves = new Map([
      ['audio', audio as Tensor],
      ['video', video as Tensor],
    ]);
    const step = gradientStep(tf, leaves, loss({ ...options, symmetric: true }, mask));
    expect(step.loss).toBeCloseTo(value(contrastiveLoss(tf, cut(audio), cut(video), { ...options, symmetric: true })), 5);
    expect(value(loss({ ...options, symmetric: true })(leaves))).not.toBeCloseTo(step.loss, 2);
    for (const side of ['audio', 'video']) {
      const padded = tf.slice(step.gradient(side), [0, 2, 0], [2, 1, 4]);
      expect(value(tf.max(tf.abs(padded))), side).toBe(0);
    }
  });
  it('stays finite when a clip has no valid frame, and for a vector of zeros', () => {
    const mask = tf.tensor2d([
      [1, 1],
      [0, 0],
      [1, 1],
    ]);
    const leaves = new Map<string, Tensor>([
      ['audio', tf.mul(draw('a', [3, 2, 4]), tf.reshape(mask, [3, 2, 1]))],
      ['video', draw('v', [3, 2, 4])],
    ]);
    const step = gradientStep(tf, leaves, loss(options, mask));
    expect(Number.isFinite(step.loss)).toBe(true);
    expect(step.gradient('audio').dataSync().every(Number.isFinite)).toBe(true);
  });
  it('has the gradients of finite differences', () => {
    const warm = { ...options, temperature: 0.5, symmetric: true };
    const leaves = new Map<string, Tensor>([
      ['audio', draw('a', [3, 2, 4])],
      ['video', draw('v', [3, 2, 4])],
    ]);
    expect(againstDifferences(tf, leaves, loss(warm))).toBeLessThan(2e-3);
  });
});

describe('the heads', () => {
  it('add what the paper’s model has more than the base', () => {
    const heads = contrastiveShapes(1024, 1280, 512);
    expect(countParameters(heads) + countParameters(parameterShapes(PAPER_STAGE_1))).toBe(712_133_312);
  });
  it('bring both streams to one width', () => {
    const weights = new Map([...contrastiveShapes(4, 6, 3)].map(([name, { shape }]) => [name, tf.ones([...shape])]));
    const [audio, video] = projectFrames(tf, weights, tf.ones([2, 5, 4]), tf.ones([2, 5, 6]));
    expect([audio.shape, video.shape]).toEqual([
      [2, 5, 3],
      [2, 5, 3],
    ]);
    expect([value(audio), value(video)]).toEqual([5, 7]);
  });
});

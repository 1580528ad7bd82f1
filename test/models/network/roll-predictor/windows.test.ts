import { beforeAll, describe, expect, it } from 'vitest';
import { frameWindows, type RollFactor, rollToLatents } from '../../../../models/network/frame-maps.ts';
import { AUDEO } from '../../../../models/network/roll-predictor/config.ts';
import { rollOnLatents } from '../../../../models/network/roll-predictor/roll-on-latents.ts';
import { firstKey, rollTargets } from '../../../../models/network/roll-predictor/targets.ts';
import { gatherWindows } from '../../../../models/network/roll-predictor/windows.ts';
import type { Tensor, Tf } from '../../../../models/network/tensor-types.ts';
import { normal } from '../../../../numeric/random.ts';
import { againstDifferences } from '../../objectives/gradient-step.ts';
import { maxDifference, testBackend } from '../fixture.ts';

let tf: Tf;
beforeAll(async () => {
  tf = await testBackend();
});

describe('windows of five frames', () => {
  const rows = (indices: Int32Array, width = 5) =>
    Array.from({ length: indices.length / width }, (_, i) => [...indices.subarray(i * width, (i + 1) * width)].join(' '));
  it('clamp to the clip, as in joint training', () => {
    expect(rows(frameWindows(6)).slice(0, 3)).toEqual(['0 0 0 1 2', '0 0 1 2 3', '0 1 2 3 4']);
  });
  it('repeat the middle frame for a side that is not whole, as in Audeo’s inference', () => {
    expect(rows(frameWindows(6, 'current'))).toEqual(['0 0 0 1 2', '1 1 1 2 3', '0 1 2 3 4', '1 2 3 4 5', '2 3 4 4 4', '3 4 5 5 5']);
  });
  it('skip what has no whole window, as in Audeo’s training', () => {
    expect(rows(frameWindows(6, 'skip'))).toEqual(['0 1 2 3 4', '1 2 3 4 5']);
    expect(frameWindows(3, 'skip')).toHaveLength(0);
  });
  it('can be of another width', () => {
    expect(rows(frameWindows(3, 'clamp', 3), 3)).toEqual(['0 0 1', '0 1 2', '1 2 2']);
  });
});

describe('gathered windows', () => {
  const config = { ...AUDEO, height: 2, width: 3, views: ['front', 'top'] };
  /** Frame f of a view is filled with f + offset. */
  const view = (offset: number) =>
    tf.tensor3d(
      Array.from({ length: 4 * 6 }, (_, i) => Math.floor(i / 6) + offset),
      [4, 2, 3],
    );
  it('hold the frames of each view behind each other as channels', () => {
    const indices = tf.tensor2d([0, 0, 1, 2, 3, 3, 2, 1, 0, 0], [2, 5], 'int32');
    const windows = gatherWindows(tf, config, [view(0), view(10)], indices);
    expect(windows.shape).toEqual([2, 2, 3, 10]);
    expect([...windows.dataSync().subarray(0, 10)]).toEqual([0, 0, 1, 2, 3, 10, 10, 11, 12, 13]);
    expect([...windows.dataSync().subarray(60, 70)]).toEqual([3, 2, 1, 0, 0, 13, 12, 11, 10, 10]);
  });
  it('keep a picture upright', () => {
    const one = { ...config, views: ['front'] };
    const picture = tf.range(0, 6).reshape([1, 2, 3]);
    const windows = gatherWindows(tf, one, [picture], tf.zeros([1, 5], 'int32'));
    expect(
      maxDifference(tf.slice(windows, [0, 0, 0, 2], [1, 2, 3, 1]).reshape([1, 2, 3]), { shape: [1, 2, 3], data: picture.dataSync() }),
    ).toBe(0);
  });
  it('are refused if a view is missing or has another size', () => {
    const indices = tf.zeros([1, 5], 'int32');
    const refused = expect.objectContaining({ code: 'NETWORK_INPUT' });
    expect(() => gatherWindows(tf, config, [view(0)], indices)).toThrow(refused);
    expect(() => gatherWindows(tf, config, [view(0), view(0).transpose([0, 2, 1])], indices)).toThrow(refused);
    expect(() => gatherWindows(tf, config, [view(0), view(0)], tf.zeros([1, 4], 'int32'))).toThrow(refused);
  });
});

describe('a roll on the grid of the latents', () => {
  it.each<RollFactor>([3, 2.5])('is the one made on the host, and has a gradient: ×%d', (factor) => {
    const values = normal({ seed: 1, purpose: 'roll' }, 7 * 4);
    const roll = tf.tensor3d(values, [1, 7, 4]);
    const host = rollToLatents(values, 4, factor, 16);
    expect(maxDifference(rollOnLatents(tf, roll, factor, 16), { shape: [1, 16, 4], data: host })).toBeLessThan(1e-6);
    const probe = tf.tensor3d(normal({ seed: 1, purpose: 'probe' }, 16 * 4), [1, 16, 4]);
    const loss = (leaves: ReadonlyMap<string, unknown>) =>
      tf.sum(tf.mul(rollOnLatents(tf, leaves.get('roll') as Tensor, factor, 16), probe));
    expect(againstDifferences(tf, new Map([['roll', roll]]), loss)).toBeLessThan(2e-3);
  });
});

describe('targets of a roll', () => {
  const velocities = new Uint8Array(2 * 88);
  velocities[15] = 127;
  velocities[88 + 65] = 1;
  velocities[88 + 66] = 90;
  it('are the keys that can be seen, down or not', () => {
    const targets = rollTargets({ keys: 51, target: 'binary' }, velocities);
    expect(targets).toHaveLength(2 * 51);
    expect([targets[0], targets[51 + 50], targets.reduce((sum, value) => sum + value, 0)]).toEqual([1, 1, 2]);
  });
  it('or how loud', () => {
    const targets = rollTargets({ keys: 88, target: 'velocity' }, velocities);
    expect([targets[15], targets[88 + 65]]).toEqual([1, Math.fround(1 / 127)]);
    expect([firstKey({ keys: 88 }), firstKey({ keys: 51 })]).toEqual([0, 15]);
  });
});

import { expect } from 'vitest';
import { featureFrames, frameWindows, type RollFactor, rollFrames, rollToLatents } from '../../../models/network/frame-maps.ts';
import { rollOnLatents } from '../../../models/network/roll-predictor/roll-on-latents.ts';
import { type Fixture, maxDifference, openFixture, testBackend } from '../../models/network/fixture.ts';
import { complete, type Kind } from '../kind.ts';

const tf = await testBackend();

/** Numbers in a tensor's name, by position. */
const numbersIn = (name: string): number[] => [...name.matchAll(/\d+(?:\.\d+)?/g)].map(Number);
const exact = (fixture: Fixture, name: string, found: Int32Array) => expect([...found], name).toEqual([...fixture.array(name).data]);

/** Repeated to the latents as the fixture names it (`rollhead_x3/t4_l12`), on the host and, in a batch, as tensors. */
function checkHead(fixture: Fixture, name: string): void {
  const [factor = 0, frames = 0, latents = 0] = numbersIn(name);
  const logits = fixture.tensor(`rollhead_x${name.match(/_x([\d.]+)/)?.[1]}/t${frames}_logits`);
  const [roll, expected] = [tf.sigmoid(logits), fixture.array(name)];
  const host = rollToLatents(roll.dataSync<'float32'>(), logits.shape[1] ?? 0, factor as RollFactor, latents);
  expect(maxDifference(tf.tensor(host, expected.shape), expected), name).toBeLessThan(1e-6);
  const batch = rollOnLatents(tf, tf.stack([tf.zerosLike(roll), roll]), factor as RollFactor, latents);
  expect(maxDifference(tf.gather(batch, 1), expected), name).toBeLessThan(1e-6);
  expect(tf.max(tf.gather(batch, 0)).dataSync()[0]).toBe(0);
}

export const frameMaps: Kind = {
  name: 'frame_maps',
  cases: /(?:^|\/)network\/frame_maps.*\.safetensors$/,
  checks: (path) => {
    const fixture = openFixture(tf, path);
    const each = (prefix: string, check: (name: string) => void) => () => {
      for (const name of fixture.names.filter((name) => name.startsWith(prefix) && !name.endsWith('_logits'))) check(name);
    };
    const lengthOf = (name: string) => fixture.array(name).data.length;
    return complete(fixture, {
      'frame of each latent': each('clip/', (name) => {
        const [frames = 0, duration = 0] = numbersIn(name);
        exact(fixture, name, featureFrames(frames, duration, lengthOf(name)));
      }),
      'frame of each position of the roll': each('rollframes_', (name) => {
        const [factor = 0, frames = 0, duration = 0] = numbersIn(name);
        // A position more than needed: ⌊latents/factor⌋ + 1 of them for so many latents.
        const latents = Math.ceil((lengthOf(name) - 1) * factor);
        exact(fixture, name, rollFrames(frames, duration, factor as RollFactor, latents));
      }),
      'windows around each position': each('window/', (name) => {
        const [, width = 0] = fixture.array(name).shape;
        exact(fixture, name, frameWindows(numbersIn(name)[0] ?? 0, 'clamp', width));
      }),
      'rolls on the grid of the latents': each('rollhead_', (name) => checkHead(fixture, name)),
    });
  },
};

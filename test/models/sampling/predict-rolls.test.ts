import { beforeAll, describe, expect, it } from 'vitest';
import { frameWindows, rollToLatents } from '../../../models/network/frame-maps.ts';
import { initialParameters } from '../../../models/network/parameters.ts';
import type { RollPredictorConfig } from '../../../models/network/roll-predictor/config.ts';
import { predictRoll } from '../../../models/network/roll-predictor/predict-roll.ts';
import { rollPredictorShapes } from '../../../models/network/roll-predictor/shapes.ts';
import { gatherWindows } from '../../../models/network/roll-predictor/windows.ts';
import type { Tf } from '../../../models/network/tensor-types.ts';
import { type FilmedKeys, predictRolls } from '../../../models/sampling/predict-rolls.ts';
import { toTensor } from '../../../models/training/state.ts';
import { uniform } from '../../../numeric/random.ts';
import { testBackend } from '../network/fixture.ts';

let tf: Tf;
beforeAll(async () => {
  tf = await testBackend();
});

const [HEIGHT, WIDTH] = [3, 35];
const config: RollPredictorConfig = {
  views: ['front', 'pedal'],
  window: 5,
  height: HEIGHT,
  width: WIDTH,
  baseWidth: 2,
  keys: 51,
  target: 'velocity',
  sustain: true,
};
const COLUMNS = 52;
const weights = initialParameters(rollPredictorShapes(config), 3);
const AREA = HEIGHT * WIDTH;
const filmed = (id: string, frames: number): FilmedKeys => ({
  id,
  frames,
  latents: 3 * frames,
  pictures: (view, from, count) =>
    Uint8Array.from(uniform({ seed: 1, purpose: `${id} ${view}` }, frames * AREA), (value) => 256 * value).subarray(
      from * AREA,
      (from + count) * AREA,
    ),
});

/** The whole clip in one call of the network. */
function atOnce({ frames, pictures }: FilmedKeys): Float32Array {
  return tf.tidy(() => {
    const views = config.views.map((view) =>
      tf.tensor(
        Float32Array.from(pictures(view, 0, frames), (value) => value / 255),
        [frames, HEIGHT, WIDTH],
      ),
    );
    const windows = gatherWindows(tf, config, views, tf.tensor(frameWindows(frames, 'clamp', 5), [frames, 5], 'int32'));
    const own = new Map([...weights].map(([name, array]) => [name, toTensor(tf, array)]));
    const { logits, sustain } = predictRoll(tf, config, own, windows, { training: false });
    return Float32Array.from(tf.sigmoid(tf.concat(sustain ? [logits, sustain] : [logits], 1)).dataSync());
  });
}
const farthest = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? Number.NaN))), 0);

describe('predicted rolls', () => {
  it.each([1, 65, 150])('of a clip of %i pictures are those of the whole clip in one call, three latents a picture', (frames) => {
    const clip = filmed('a', frames);
    const [roll = new Float32Array()] = predictRolls(tf, config, weights, [clip]);
    const whole = atOnce(clip);
    expect(roll).toHaveLength(3 * frames * COLUMNS);
    expect(farthest(roll, rollToLatents(whole, COLUMNS, 3, 3 * frames))).toBeLessThan(1e-5);
    if (frames > 1) expect(farthest(whole.subarray(0, COLUMNS), whole.subarray((frames - 1) * COLUMNS))).toBeGreaterThan(1e-3);
  });

  it('are as long as was asked for, silent behind the last picture', () => {
    const [roll = new Float32Array()] = predictRolls(tf, config, weights, [{ ...filmed('b', 5), latents: 20 }]);
    expect(roll).toHaveLength(20 * COLUMNS);
    expect(roll.subarray(15 * COLUMNS).every((value) => value === 0)).toBe(true);
    expect(roll.subarray(0, 15 * COLUMNS).some((value) => value > 0)).toBe(true);
  });

  it('do not depend on the clips beside them, and leave no tensor behind', () => {
    const before = tf.memory().numTensors;
    const [, second] = predictRolls(tf, config, weights, [filmed('a', 9), filmed('b', 70)]);
    const [alone] = predictRolls(tf, config, weights, [filmed('b', 70)]);
    expect(second).toEqual(alone);
    expect(tf.memory().numTensors).toBe(before);
  });
});

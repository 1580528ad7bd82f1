import type { Tensor, Tf } from '../../../models/network/tensor-types.ts';
import { errorChange, type PreferenceOptions } from '../../../models/objectives/preference.ts';
import { interpolate, velocityTarget } from '../../../models/objectives/rectified-flow.ts';
import type { Fixture } from '../network/fixture.ts';
import type { Leaves } from './gradient-step.ts';

/** The fixture's linear model v = x_t·W + t·b + c·U on pairs: preferred rows first. */
export function linearPreference(tf: Tf, fixture: Fixture, { noise, frames }: PreferenceOptions) {
  const input = (name: string) => fixture.tensor(`linear/in/${name}`);
  const twice = (name: string, second = name) => tf.concat([input(name), input(second)], 0);
  const own = noise === 'own' ? '_l_not_shared' : '';
  const [drawn, time] = [twice('noise', `noise${own}`), twice('t', `t${own}`)];
  const latents = twice('latent_w', 'latent_l');
  const [condition, mask] = [twice('cond'), twice('mask')];
  const point = interpolate(tf, drawn, latents, time);
  const product = (x: Tensor, w: Tensor) => {
    const [inputs = 0, outputs = 0] = w.shape;
    return tf.reshape(tf.matMul(tf.reshape(x, [-1, inputs]), w), [...point.shape.slice(0, 2), outputs]);
  };
  const velocity = (weights: Leaves, prefix: string) => {
    const part = (name: string) => weights.get(`${prefix}_${name}`) as Tensor;
    const biased = tf.mul(tf.reshape(time, [-1, 1, 1]), part('b'));
    return tf.add(tf.add(product(point, part('W')), biased), product(condition, part('U')));
  };
  const weights = (who: string) => new Map(['W', 'b', 'U'].map((part) => [`${who}_${part}`, fixture.tensor(`linear/w/${who}_${part}`)]));
  const target = velocityTarget(tf, drawn, latents);
  const reference = velocity(weights('ref'), 'ref');
  return {
    trained: weights('theta'),
    change: (given: Leaves) => errorChange(tf, velocity(given, 'theta'), reference, target, frames, mask),
    /** Against the truth itself the change is the whole error. */
    error: (who: string) => errorChange(tf, velocity(weights(who), who), target, target, frames, mask),
  };
}

import { after } from '../backend/index.ts';
import { at, differentiable } from './differentiable.ts';
import type { Tensor, Tf } from './tensor-types.ts';

/** SiLU, x·sigmoid(x); with a bias over the last axis, of x + b. */
export function silu(tf: Tf, x: Tensor, bias?: Tensor): Tensor {
  return differentiable(tf, bias ? [x, bias] : [x], (x, bias) => {
    const inner = bias ? tf.add(x, bias) : x;
    return {
      value: tf.mul(inner, tf.sigmoid(inner)),
      saved: [inner],
      backward: (dy, saved) => {
        const u = after(tf, at(saved, 0), dy);
        const s = tf.sigmoid(u);
        // d/du u·s(u) = s + u·s·(1−s) = s·(1 + u − u·s)
        const dx = tf.mul(dy, tf.mul(s, tf.add(tf.sub(u, tf.mul(u, s)), 1)));
        return bias ? [dx, tf.sum(dx, [...dx.shape.keys()].slice(0, -1))] : [dx];
      },
    };
  });
}

import { compileNamed, type NamedTensors } from '../backend/index.ts';
import { size } from '../network/differentiable.ts';
import type { Tensor, Tf, Weights } from '../network/tensor-types.ts';
import type { Network, NetworkInputs } from '../network/transformer.ts';

/**
 * Classifier-free guidance. `added`: v = v_c + s·(v_c − v_∅), the paper's, 2.0 there; `weighted`: v = w·v_c + (1−w)·v_∅, which is
 * the same for w = 1 + s.
 */
export interface Guidance {
  readonly strength: number;
  readonly convention: 'added' | 'weighted';
  /** Only the part of v_c − v_∅ that is orthogonal to v_c in each clip (arXiv 2410.02416). */
  readonly orthogonal?: boolean;
}

export type Velocity = (latents: Tensor, time: number) => Tensor;
/** Inputs that stay the same from step to step. */
export type Conditions = Omit<NetworkInputs, 'latents' | 'time'>;

/** s of either convention. */
const addedStrength = ({ strength, convention }: Guidance): number => (convention === 'added' ? strength : strength - 1);

/** v_c + s·(v_c − v_∅), all [B,T,C]. */
export function guide(tf: Tf, conditional: Tensor, unconditional: Tensor, guidance: Guidance): Tensor {
  const difference = tf.sub(conditional, unconditional);
  const s = addedStrength(guidance);
  if (!guidance.orthogonal) return tf.add(conditional, tf.mul(difference, s));
  const along = tf.sum(tf.mul(difference, conditional), [1, 2], true);
  const parallel = tf.mul(conditional, tf.div(along, tf.maximum(tf.sum(tf.square(conditional), [1, 2], true), 1e-24)));
  return tf.add(conditional, tf.mul(tf.sub(difference, parallel), s));
}

/**
 * The velocity to follow, one compiled call. With guidance both predictions come from one batch of twice the size: its second half
 * has video and text dropped together (zeros); the piano roll is never dropped.
 */
export function guidedVelocity(tf: Tf, network: Network, guidance: Guidance) {
  const guided = Math.abs(addedStrength(guidance)) >= 1e-5;
  const twice = (x: Tensor) => (guided ? tf.concat([x, x], 0) : x);
  const orZeros = (x: Tensor) => (guided ? tf.concat([x, tf.zerosLike(x)], 0) : x);
  const compiled = compileNamed(tf, (inputs) => {
    const { latents, time, text, textMask, video, roll, mask } = inputs as NamedTensors & NetworkInputs;
    const prediction = network.predict(new Map(Object.entries(inputs)), {
      latents: twice(latents),
      time: tf.tile(tf.reshape(time, [1]), [size(latents, 0) * (guided ? 2 : 1)]),
      text: orZeros(text),
      ...(textMask && { textMask: twice(textMask) }),
      ...(video && { video: orZeros(video) }),
      ...(roll && { roll: twice(roll) }),
      ...(mask && { mask: twice(mask) }),
    });
    if (!guided) return { velocity: prediction };
    const [conditional, unconditional] = tf.split(prediction, 2, 0) as [Tensor, Tensor];
    return { velocity: guide(tf, conditional, unconditional, guidance) };
  });
  return {
    /** The velocity under these conditions. */
    under: (weights: Weights, conditions: Conditions): Velocity => {
      const fixed = { ...Object.fromEntries(weights), ...conditions };
      return (latents, time) => {
        const at = tf.scalar(time);
        const { velocity } = compiled.call({ ...fixed, latents, time: at });
        at.dispose();
        return velocity as Tensor;
      };
    },
    dispose: compiled.dispose,
  };
}

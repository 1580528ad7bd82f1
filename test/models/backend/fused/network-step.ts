import type { Tensor, Tf } from '../../../../models/backend/index.ts';
import { initialParameters, parameterShapes } from '../../../../models/network/parameters.ts';
import { createNetwork } from '../../../../models/network/transformer.ts';
import { SMALL_NETWORK } from '../../network/small-network.ts';
import { draw, drawn, type Values, valuesOf } from './draw.ts';

/** Mean square of what a small network of three streams predicts less a target, and its gradients by all weights, by name. */
export function networkStep(tf: Tf, move = 0.2): Map<string, Values> {
  const [batch, frames] = [2, 11];
  const network = createNetwork(tf, SMALL_NETWORK);
  const { latentChannels, text, video, extra } = SMALL_NETWORK;
  const inputs = {
    latents: drawn(tf, 'latents', [batch, frames, latentChannels]),
    time: tf.tensor1d([0.2, 0.7]),
    text: drawn(tf, 'text', [batch, 7, text.width]),
    textMask: drawn(tf, 'mask', [batch, 7]),
    video: drawn(tf, 'video', [batch, frames, video.width]),
    roll: drawn(tf, 'roll', [batch, frames, extra.keys]),
    mask: tf.sub(1, tf.reverse(drawn(tf, 'mask', [batch, frames]), 0)),
  };
  const target = drawn(tf, 'target', [batch, frames, latentChannels]);
  // Moved, so that no part begins at zero and hides another.
  const weights = [...initialParameters(parameterShapes(SMALL_NETWORK), 5)].map(([name, { shape, data }]) => {
    const moves = draw(`weight ${name}`, shape);
    return [
      name,
      tf.tensor(
        data.map((value, i) => value + move * (moves[i] ?? 0)),
        [...shape],
      ),
    ] as const;
  });
  const names = weights.map(([name]) => name);
  const loss = (...values: Tensor[]) => {
    const predicted = network.predict(new Map(names.map((name, i) => [name, values[i] as Tensor])), inputs);
    return tf.mean(tf.square(tf.sub(predicted, target))).asScalar();
  };
  const { value, grads } = tf.valueAndGrads(loss)(weights.map(([, tensor]) => tensor));
  return new Map([['loss', valuesOf(value)], ...names.map((name, i) => [name, valuesOf(grads[i] as Tensor)] as const)]);
}

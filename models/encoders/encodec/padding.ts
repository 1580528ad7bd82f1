import type { Tensor4D, Tf } from '../../backend/index.ts';

/**
 * Pads a signal [B,1,T,C] in time by reflection without repeating the edge, as torch does. A signal that is not longer than
 * the padding is first extended by zeros, and the extension is cut off afterwards.
 */
export function reflectPad(tf: Tf, x: Tensor4D, left: number, right: number): Tensor4D {
  if (left === 0 && right === 0) return x;
  const length = x.shape[2];
  const longest = Math.max(left, right);
  if (length > longest) return reflect(tf, x, left, right);
  const extra = longest - length + 1;
  const extended = tf.pad(x, [
    [0, 0],
    [0, 0],
    [0, extra],
    [0, 0],
  ]);
  return cut(tf, reflect(tf, extended, left, right), 0, left + length + right);
}

const cut = (tf: Tf, x: Tensor4D, begin: number, size: number): Tensor4D => tf.slice(x, [0, 0, begin, 0], [-1, -1, size, -1]);

/** The gradient touches only the edges; the composed one would make two more signals of full length. */
function reflect(tf: Tf, x: Tensor4D, left: number, right: number): Tensor4D {
  const length = x.shape[2];
  const mirrored = (begin: number, size: number, from: Tensor4D): Tensor4D => tf.reverse(cut(tf, from, begin, size), 2);
  const padded = tf.customGrad((...inputs) => {
    const [signal] = inputs as unknown as [Tensor4D]; // the signature of customGrad hides that the last argument is `save`
    const parts = [signal];
    if (left > 0) parts.unshift(mirrored(1, left, signal));
    if (right > 0) parts.push(mirrored(length - 1 - right, right, signal));
    return {
      value: tf.concat(parts, 2),
      gradFunc: (dy) => {
        const gradient = dy as Tensor4D;
        let whole = cut(tf, gradient, left, length);
        if (left > 0) whole = addAt(tf, whole, 1, mirrored(0, left, gradient));
        if (right > 0) whole = addAt(tf, whole, length - 1 - right, mirrored(left + length, right, gradient));
        return whole;
      },
    };
  });
  return padded(x) as Tensor4D;
}

/** x with `part` added from frame `at` on. */
function addAt(tf: Tf, x: Tensor4D, at: number, part: Tensor4D): Tensor4D {
  const size = part.shape[2];
  const rest = x.shape[2] - at - size;
  const parts = [tf.add(cut(tf, x, at, size), part) as Tensor4D];
  if (at > 0) parts.unshift(cut(tf, x, 0, at));
  if (rest > 0) parts.push(cut(tf, x, at + size, rest));
  return tf.concat(parts, 2);
}

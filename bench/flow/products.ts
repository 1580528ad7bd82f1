import type { Tensor, Tf } from '../../models/network/tensor-types.ts';

/** The same library, and how many floating-point operations the products of matrices took that were computed by it. */
export function countingProducts(tf: Tf): { readonly tf: Tf; operations(): number } {
  let operations = 0;
  const matMul = (a: Tensor, b: Tensor, transposeA = false, transposeB = false) => {
    const product = tf.matMul(a, b, transposeA, transposeB);
    operations += 2 * product.size * (a.shape.at(transposeA ? -2 : -1) ?? 0);
    return product;
  };
  return {
    tf: new Proxy(tf, { get: (target, name) => (name === 'matMul' ? matMul : Reflect.get(target, name)) }),
    operations: () => operations,
  };
}

const SIDE = 1024;

/** Products of square matrices, one after the other, that take as many operations: what the machine needs for those of a step at least. */
export function plainProducts(tf: Tf, operations: number): () => void {
  const square = tf.randomNormal([SIDE, SIDE]);
  const rows = operations / (2 * SIDE ** 2);
  const rest = tf.randomNormal([Math.max(1, Math.round(rows % SIDE)), SIDE]);
  const product = (a: Tensor) => tf.matMul(a, square).dispose();
  return () => {
    for (let i = 0; i < Math.floor(rows / SIDE); i++) product(square);
    product(rest);
  };
}

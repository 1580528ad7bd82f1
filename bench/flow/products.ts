import type { Tensor, Tf } from '../../models/network/tensor-types.ts';

/** The same library, and how many floating-point operations the products of matrices took that were computed by it. Products by squares as wide as a head turn positions, which takes none in the fused kernels, and do not count. */
export function countingProducts(tf: Tf, headWidths: readonly number[]): { readonly tf: Tf; operations(): number } {
  let operations = 0;
  const matMul = (a: Tensor, b: Tensor, transposeA = false, transposeB = false) => {
    const product = tf.matMul(a, b, transposeA, transposeB);
    const turns = b.rank === 2 && b.shape[0] === b.shape[1] && headWidths.includes(b.shape[0] ?? 0);
    if (!turns) operations += 2 * product.size * (a.shape.at(transposeA ? -2 : -1) ?? 0);
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

import type { Tensor, Tf } from './tensor-types.ts';

/**
 * Rotary positions (Su et al. 2021), interleaved pairs (2k, 2k+1), θ = 10000, as tables for a packed
 * [query, key] row: row·cosine + swap(row)·sine. The query's part also carries the logit scale.
 */
export interface RotaryTable {
  /** [T, 2·heads·headWidth] */
  readonly cosine: Tensor;
  readonly sine: Tensor;
  /** [headWidth, headWidth]: row·swap has −x₂ₖ₊₁ at 2k and x₂ₖ at 2k+1. */
  readonly swap: Tensor;
  /** [2, T, headWidth], of queries and of keys: cosine at 2k, sine at 2k+1 of the pair's angle. For the fused kernel, which reads no other. */
  readonly turns: Tensor;
}

/** Frequencies θ^(−2k/width), k = 0 … width/2 − 1. */
export const rotaryFrequencies = (width: number): Float32Array =>
  Float32Array.from({ length: width / 2 }, (_, k) => 10000 ** ((-2 * k) / width));

export interface RotarySizes {
  readonly positions: number;
  readonly heads: number;
  readonly headWidth: number;
  /** Factor of the query: 1/(√headWidth · softClamp). */
  readonly scale: number;
  /** Columns of each head that turn; all by default. */
  readonly turning?: number;
}

/** Tables for positions 0 … positions−1; the caller owns the tensors. */
export function rotaryTable(tf: Tf, { positions, heads, headWidth, scale, turning = headWidth }: RotarySizes): RotaryTable {
  const inner = heads * headWidth;
  const cosine = new Float32Array(positions * 2 * inner);
  const sine = new Float32Array(positions * 2 * inner);
  const turns = new Float32Array(2 * positions * headWidth);
  const frequencies = rotaryFrequencies(turning);
  for (let position = 0; position < positions; position++) {
    for (let column = 0; column < 2 * inner; column++) {
      const factor = column < inner ? scale : 1;
      const inHead = column % headWidth;
      const angle = inHead < turning ? Math.fround(position * (frequencies[inHead >> 1] ?? 0)) : 0;
      cosine[position * 2 * inner + column] = factor * Math.cos(angle);
      sine[position * 2 * inner + column] = factor * Math.sin(angle);
      const row = column < inner ? position : positions + position;
      turns[row * headWidth + inHead] = factor * (inHead % 2 === 0 ? Math.cos(angle) : Math.sin(angle));
    }
  }
  const swap = new Float32Array(headWidth * headWidth);
  for (let pair = 0; pair < headWidth; pair += 2) {
    swap[(pair + 1) * headWidth + pair] = -1;
    swap[pair * headWidth + pair + 1] = 1;
  }
  const shape: [number, number] = [positions, 2 * inner];
  return {
    cosine: tf.tensor2d(cosine, shape),
    sine: tf.tensor2d(sine, shape),
    swap: tf.tensor2d(swap, [headWidth, headWidth]),
    turns: tf.tensor3d(turns, [2, positions, headWidth]),
  };
}

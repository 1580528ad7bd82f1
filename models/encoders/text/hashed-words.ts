import { hash32, normal } from '../../../numeric/random.ts';

/** Caption states for cross-attention. */
export interface TextEncoder {
  /** Enters the key of every feature made by it. */
  readonly name: string;
  readonly dimension: number;
  readonly maxTokens: number;
  /** States [tokens, dimension], tokens ≤ maxTokens. */
  encode(caption: string): Float32Array;
}

const POSITION_SCALE = 0.3;

/** Lower case, letters and digits; the first words of a caption, as the method takes them. */
const wordsOf = (caption: string, most: number) =>
  caption
    .toLowerCase()
    .normalize('NFKC')
    .match(/[\p{L}\p{N}♯♭#]+/gu)
    ?.slice(0, most) ?? [];

/**
 * Stands in for Flan-T5 in the demo: every word is a fixed normal vector drawn from its hash, plus a sinusoidal
 * position. Nothing is trained, nothing is downloaded; it knows no meaning, only that words differ.
 */
export function hashedWords(dimension: number, maxTokens: number): TextEncoder {
  const vectors = new Map<string, Float32Array>();
  const vectorOf = (word: string) => {
    const known = vectors.get(word) ?? normal({ seed: hash32(word), purpose: 'hashed-words' }, dimension);
    vectors.set(word, known);
    return known;
  };
  return {
    name: 'hashed-words',
    dimension,
    maxTokens,
    encode: (caption) => {
      const words = wordsOf(caption, maxTokens);
      const states = new Float32Array(words.length * dimension);
      words.forEach((word, position) => {
        vectorOf(word).forEach((value, channel) => {
          const angle = position / 100 ** ((channel - (channel % 2)) / dimension);
          states[position * dimension + channel] = value + POSITION_SCALE * (channel % 2 === 0 ? Math.sin(angle) : Math.cos(angle));
        });
      });
      return states;
    },
  };
}

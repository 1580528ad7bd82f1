import type { PreferencePair } from '../../models/preference/pair.ts';
import { hash32, uniform } from '../../numeric/random.ts';

/** A pair as a judge meets it. */
export interface BlindPair {
  readonly pair: PreferencePair;
  /** The sides in the order in which they are offered. */
  readonly sides: readonly ['a' | 'b', 'a' | 'b'];
}

/** Pairs and their sides in an order of the judge's own. It depends on names alone: who comes back finds it again, whatever pairs came or went. */
export function blindOrder(pairs: readonly PreferencePair[], judge: string): BlindPair[] {
  const drawn = pairs.map((pair) => {
    const [place = 0, side = 0] = uniform({ seed: hash32(judge), purpose: 'label', sample: hash32(pair.id) }, 2);
    return { pair, place, sides: side < 0.5 ? (['a', 'b'] as const) : (['b', 'a'] as const) };
  });
  return drawn.sort((x, y) => x.place - y.place).map(({ pair, sides }) => ({ pair, sides }));
}

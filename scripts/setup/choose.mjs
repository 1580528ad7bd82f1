/** Ordered choice: the first way that works, with the reasons against those before it. */

/** No way worked; `tried` has the reason of each. */
export class NothingWorks extends Error {
  /** @param {string} message @param {readonly import('./types.d.ts').Tried[]} tried */
  constructor(message, tried) {
    super(message);
    this.tried = tried;
  }
}

/**
 * Tries the candidates in their order. A candidate refuses by throwing; an abort ends the search.
 * @template T
 * @param {readonly import('./types.d.ts').Candidate<T>[]} candidates
 * @param {AbortSignal} [signal]
 * @returns {Promise<import('./types.d.ts').Chosen<T>>}
 */
export async function firstThatWorks(candidates, signal) {
  /** @type {import('./types.d.ts').Tried[]} */
  const tried = [];
  for (const candidate of candidates) {
    signal?.throwIfAborted();
    try {
      return { source: candidate.source, value: await candidate.attempt(), tried };
    } catch (error) {
      signal?.throwIfAborted();
      tried.push({ source: candidate.source, reason: reasonOf(error) });
    }
  }
  throw new NothingWorks('nothing works', tried);
}

/** One line that says why. @param {unknown} error @returns {string} */
export function reasonOf(error) {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n', 1)[0]?.slice(0, 300) ?? '';
}

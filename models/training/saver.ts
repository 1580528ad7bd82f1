import type { Checkpoints } from './checkpoints.ts';

/** Writes checkpoints while the training goes on; at most one is on its way. A failed write is thrown at the next call. */
export function backgroundSaver(checkpoints: Checkpoints) {
  let writing: Promise<void> = Promise.resolve();
  let failure: { readonly reason: unknown } | undefined;
  const settled = async () => {
    await writing;
    if (failure) throw failure.reason;
  };
  return {
    /** Resolves when the write has begun: `write` must only read what no later step changes. */
    async save(step: number, state: unknown, write: (directory: string) => Promise<void>): Promise<void> {
      await settled();
      writing = checkpoints.save(step, state, write).catch((reason: unknown) => {
        failure = { reason };
      });
    },
    /** Resolves when everything is on disk. */
    settled,
  };
}

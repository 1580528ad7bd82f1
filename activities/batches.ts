/** Runs `work` for all items, at most `width` at a time, and gives the event loop room in between; stops starting when `isOver` says so. */
export async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T, index: number) => Promise<void>,
  isOver: () => boolean = () => false,
): Promise<number> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length && !isOver()) {
      const index = next++;
      const item = items[index];
      if (item !== undefined) await work(item, index);
      if (index % 64 === 63) await new Promise(setImmediate);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  return next;
}

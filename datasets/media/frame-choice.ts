/** Rounds a half up, after taking off what division leaves behind. */
const near = (value: number) => Math.floor(value + 0.5 + 1e-9);

/**
 * Which decoded frame is shown at each tick of a constant rate: a frame takes the ticks from the one nearest to its time
 * to the next frame's; ticks before the first frame show the first. The last frame lasts `frameSeconds`.
 * @param times seconds of the decoded frames, rising
 * @returns index of a frame per tick; round(end · rate) ticks
 */
export function chooseFrames(times: readonly number[], frameSeconds: number, rate: number): number[] {
  const last = times.at(-1);
  if (last === undefined) return [];
  const count = Math.max(1, near((last + frameSeconds) * rate));
  const chosen: number[] = [];
  let frame = 0;
  for (let tick = 0; tick < count; tick++) {
    while (frame + 1 < times.length && near((times[frame + 1] ?? 0) * rate) <= tick) frame++;
    chosen.push(frame);
  }
  return chosen;
}

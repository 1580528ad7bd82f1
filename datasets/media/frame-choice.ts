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

/**
 * The same choice among what ffmpeg's filter `fps` gave from tick 0: index of such a frame per tick. The filter has the rule of `chooseFrames`, but sees
 * beyond the end that was asked for, and has its own idea of when the last frame ends.
 * @param times seconds of the decoded frames, of which the first `within` may be shown
 * @param given how many frames the filter gave
 * @returns undefined if a frame that is shown is not among them
 */
export function chooseThinned(
  times: readonly number[],
  within: number,
  given: number,
  frameSeconds: number,
  rate: number,
): number[] | undefined {
  const filtered = chooseFrames(times, frameSeconds, rate);
  const places: number[] = [];
  for (const [tick, frame] of chooseFrames(times.slice(0, within), frameSeconds, rate).entries()) {
    const place = Math.min(tick, given - 1);
    if (filtered[place] !== frame) return undefined;
    places.push(place);
  }
  return places;
}

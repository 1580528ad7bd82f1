import { type Grey, opticalFlow } from '../../numeric/optical-flow.ts';

/** Grey of colours [n, 3] in red, green, blue, with OpenCV's fixed-point weights (15 bits). */
export function greyOf(rgb: ArrayLike<number>): Uint8Array {
  return Uint8Array.from(
    { length: rgb.length / 3 },
    (_, i) => (9798 * (rgb[3 * i] ?? 0) + 19235 * (rgb[3 * i + 1] ?? 0) + 3735 * (rgb[3 * i + 2] ?? 0) + 2 ** 14) >> 15,
  );
}

/**
 * Mean length of the optical flow into each frame, in pixels, as AV-align takes it: frames [F, height, width, 3] → [F]; the first repeats the second.
 * `tick` is called after every frame: a second of film in full size can take a minute.
 */
export function flowMotion(rgb: Uint8Array, width: number, height: number, tick: () => void = () => {}): Float64Array {
  const size = width * height;
  const motion = new Float64Array(rgb.length / (3 * size));
  let before: Grey | undefined;
  motion.forEach((_, frame) => {
    const now: Grey = { width, height, data: greyOf(rgb.subarray(3 * frame * size, 3 * (frame + 1) * size)) };
    if (before) {
      const { x, y } = opticalFlow(before, now);
      motion[frame] = x.reduce((sum, value, i) => sum + Math.hypot(value, y[i] ?? 0), 0) / size;
    }
    before = now;
    tick();
  });
  if (motion.length > 1) motion[0] = motion[1] ?? 0;
  return motion;
}

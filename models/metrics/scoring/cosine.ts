/** Cosine of two vectors; 0 where one of them is zero. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [inner, own, other] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    inner += x * y;
    own += x * x;
    other += y * y;
  }
  const scale = Math.sqrt(own * other);
  return scale > 0 ? inner / scale : 0;
}

/** CLIP score: 100 times the mean cosine of a sound's embedding to those of the video's frames [F, width]. undefined without frames. */
export function clipScore(sound: ArrayLike<number>, frames: ArrayLike<number>): number | undefined {
  const count = frames.length / sound.length;
  if (count < 1) return undefined;
  let sum = 0;
  for (let frame = 0; frame < count; frame++)
    sum += cosine(sound, Array.from(frames).slice(frame * sound.length, (frame + 1) * sound.length));
  return (100 * sum) / count;
}

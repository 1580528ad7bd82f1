/**
 * The bucket of a relative position, key minus query: half of the buckets for keys behind the query; in each half the near distances by
 * themselves, the farther ones by logarithm.
 */
export function bucketOf(position: number, buckets: number, farthest: number): number {
  const half = buckets / 2;
  const near = half / 2;
  const distance = Math.abs(position);
  const side = position > 0 ? half : 0;
  if (distance < near) return side + distance;
  // By log2, which is exact at the powers of two.
  const far = near + Math.floor((Math.log2(distance / near) / Math.log2(farthest / near)) * (half - near));
  return side + Math.min(far, half - 1);
}

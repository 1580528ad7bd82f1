/** Features of single frames, as the video stream reads them. */
export interface ImageEncoder {
  /** Enters the key of every feature made by it. */
  readonly name: string;
  readonly width: number;
  /** Frames [frames,side,side,3], 0…255 → [frames,width]. */
  encode(frames: Uint8Array): Float32Array;
}

/** Grey in the middle, and a usual contrast one unit. */
const MIDDLE = 110;
const UNIT = 60;

/**
 * Stands in for CLIP in the demo: mean colours of `cells` × `cells` tiles of each frame. Nothing is trained, nothing is downloaded; it
 * sees where something is, not what. `side` is a multiple of `cells`.
 */
export function colourGrid(side: number, cells: number): ImageEncoder {
  if (side % cells !== 0) throw new RangeError(`frames of ${side} pixels have no ${cells} equal tiles in a row`);
  const tile = side / cells;
  const width = cells * cells * 3;
  return {
    name: 'colour-grid',
    width,
    encode(frames) {
      const count = frames.length / (side * side * 3);
      const features = new Float32Array(count * width);
      for (let frame = 0; frame < count; frame++) {
        for (let y = 0; y < side; y++) {
          for (let x = 0; x < side; x++) {
            const from = ((frame * side + y) * side + x) * 3;
            const to = frame * width + (Math.floor(y / tile) * cells + Math.floor(x / tile)) * 3;
            for (let c = 0; c < 3; c++) features[to + c] = (features[to + c] ?? 0) + (frames[from + c] ?? 0);
          }
        }
      }
      return features.map((sum) => (sum / (tile * tile) - MIDDLE) / UNIT);
    },
  };
}

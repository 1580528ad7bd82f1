import { decodeMedia } from '../../../datasets/media/decode.ts';
import type { Picture } from '../../../models/encoders/clip/resize.ts';
import type { PictureEncoder } from '../../../models/encoders/image/network.ts';

/** Pictures that go through the network together. */
const BATCH = 16;

export interface Stretch {
  readonly framesPerSecond: number;
  /** Seconds from the beginning of the film. */
  readonly start?: number | undefined;
  readonly mostSeconds: number | undefined;
  readonly signal: AbortSignal;
}

/**
 * Embeddings [frames, width] of a stretch of a film; undefined if it has no frames or is damaged. Each frame is embedded as it comes, so that a long
 * film needs no more memory than a short one.
 */
export async function embedFilm(encoder: PictureEncoder, path: string, stretch: Stretch): Promise<Float32Array | undefined> {
  const embedded: Promise<Float32Array>[] = [];
  let waiting: Picture[] = [];
  const embed = () => {
    if (waiting.length === 0) return;
    const batch = encoder.encode(waiting);
    batch.catch(() => {}); // told below, once the film has been read
    embedded.push(batch);
    waiting = [];
  };
  const { frames, damage } = await decodeMedia(path, {
    ...stretch,
    streams: 'video',
    onFrame: (data, size) => {
      waiting.push({ ...size, data: data.slice() });
      if (waiting.length === BATCH) embed();
    },
  });
  embed();
  const batches = await Promise.all(embedded);
  if (!frames || damage.length > 0) return undefined;
  const { width } = encoder;
  const features = new Float32Array(frames.count * width);
  for (const [row, from] of frames.seen.entries()) {
    const batch = batches[Math.floor(from / BATCH)];
    const at = (from % BATCH) * width;
    if (batch) features.set(batch.subarray(at, at + width), row * width);
  }
  return features;
}

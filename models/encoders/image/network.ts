import type { Tf } from '../../backend/index.ts';
import { processPicture, readClipProcessor } from '../clip/processor.ts';
import type { Picture } from '../clip/resize.ts';
import { loadClipVision } from '../clip/vision.ts';

/** Embeds pictures of any size. */
export interface PictureEncoder {
  readonly width: number;
  /** [pictures,width], not normalised. */
  encode(pictures: readonly Picture[]): Float32Array;
  dispose(): void;
}

/** CLIP's image tower of a folder, with the picture preparation that its file describes. Throws as `loadClipVision`. */
export async function loadPictureEncoder(tf: Tf, folder: string): Promise<PictureEncoder> {
  const processor = readClipProcessor(folder);
  const { crop } = processor;
  const network = await loadClipVision(tf, folder);
  return {
    width: network.width,
    encode(pictures) {
      const pixels = new Float32Array(pictures.length * crop * crop * 3);
      pictures.forEach((picture, at) => {
        pixels.set(processPicture(processor, picture), at * crop * crop * 3);
      });
      const embeds = tf.tidy(() => network.encode(tf.tensor(pixels, [pictures.length, crop, crop, 3])).embeds);
      const values = Float32Array.from(embeds.dataSync());
      embeds.dispose();
      return values;
    },
    dispose: () => network.dispose(),
  };
}

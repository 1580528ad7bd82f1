import type { Tf } from '../../backend/index.ts';
import { processPicture, readClipProcessor } from '../clip/processor.ts';
import type { Picture } from '../clip/resize.ts';
import { openVision } from '../open.ts';

/** Embeds pictures of any size. */
export interface PictureEncoder {
  readonly width: number;
  /** [pictures,width], not normalised. */
  encode(pictures: readonly Picture[]): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** CLIP's image tower of a folder, with the picture preparation that its file describes. Throws as `openVision`. */
export async function loadPictureEncoder(tf: Tf, folder: string): Promise<PictureEncoder> {
  const processor = readClipProcessor(folder);
  const { crop } = processor;
  const network = await openVision(tf, folder);
  return {
    width: network.width,
    async encode(pictures) {
      const pixels = new Float32Array(pictures.length * crop * crop * 3);
      pictures.forEach((picture, at) => {
        pixels.set(processPicture(processor, picture), at * crop * crop * 3);
      });
      return network.embed(pixels);
    },
    dispose: network.dispose,
  };
}

import { join } from 'node:path';
import { readClipVision } from '../clip/vision.ts';
import type { VisionNetwork } from '../open.ts';
import { openOnnx } from './session.ts';

/** CLIP's image tower in an ONNX file that takes `pixel_values` [B,3,S,S] and gives `image_embeds`. */
export async function openOnnxVision(folder: string, file: string): Promise<VisionNetwork> {
  const { side, projection } = readClipVision(folder);
  const session = await openOnnx(join(folder, file));
  return {
    width: projection,
    async embed(pixels) {
      const batch = pixels.length / (side * side * 3);
      const given = { pixel_values: { shape: [batch, 3, side, side], data: channelsFirst(pixels, side * side) } };
      return (await session.run(given, ['image_embeds'])).image_embeds.data;
    },
    dispose: session.dispose,
  };
}

/** [B,area,3] → [B,3,area]. */
function channelsFirst(pixels: Float32Array, area: number): Float32Array {
  const turned = new Float32Array(pixels.length);
  for (let at = 0; at < pixels.length; at++) {
    const picture = Math.floor(at / (3 * area));
    turned[(picture * 3 + (at % 3)) * area + (Math.floor(at / 3) % area)] = pixels[at] ?? 0;
  }
  return turned;
}

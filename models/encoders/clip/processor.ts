import { join } from 'node:path';
import { readFields } from '../folder.ts';
import { type Picture, resizeShortest } from './resize.ts';

/** How CLIP wants its pictures: `preprocessor_config.json`. */
export interface ClipProcessor {
  readonly shortest: number;
  readonly crop: number;
  readonly scale: number;
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** Pillow's number. */
const BICUBIC = 3;

/** Reads the file of a folder. Sizes may stand as a number or by their names. Throws `ENCODER_CONFIG`. */
export function readClipProcessor(folder: string): ClipProcessor {
  const fields = readFields(join(folder, 'preprocessor_config.json'));
  const side = (field: string, name: string): number => {
    const value = fields.raw(field);
    const named: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : value;
    return typeof named === 'number' ? named : fields.count(field);
  };
  if (fields.count('resample', BICUBIC) !== BICUBIC) throw fields.refusal('resample', `${BICUBIC}, bicubic`);
  const channels = (field: string, otherwise: readonly number[]): readonly number[] => {
    const value = fields.raw(field);
    return Array.isArray(value) ? value.map(Number) : otherwise;
  };
  return {
    shortest: side('size', 'shortest_edge'),
    crop: side('crop_size', 'height'),
    scale: fields.number('rescale_factor', 1 / 255),
    mean: channels('image_mean', [0.48145466, 0.4578275, 0.40821073]),
    deviation: channels('image_std', [0.26862954, 0.26130258, 0.27577711]),
  };
}

/** Resizes, crops the middle and normalises a picture: [crop,crop,3]. */
export function processPicture({ shortest, crop, scale, mean, deviation }: ClipProcessor, picture: Picture): Float32Array {
  const { height, width, data } = resizeShortest(picture, shortest);
  const [top, left] = [Math.floor((height - crop) / 2), Math.floor((width - crop) / 2)];
  const pixels = new Float32Array(crop * crop * 3);
  for (let row = 0; row < crop; row++)
    for (let at = 0; at < crop * 3; at++) {
      const channel = at % 3;
      const value = (data[((top + row) * width + left) * 3 + at] ?? 0) * scale;
      pixels[row * crop * 3 + at] = (value - (mean[channel] ?? 0)) / (deviation[channel] ?? 1);
    }
  return pixels;
}

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Parts of encoders that lie in files of their own. */
export type OnnxPart = 'image' | 'text' | 'sound' | 'caption' | 'codec encoder' | 'codec decoder';

/** Names that exporters give (Optimum, transformers.js, a script of one's own). */
const NAMES: Readonly<Record<OnnxPart, readonly string[]>> = {
  image: ['vision_model.onnx', 'model.onnx'],
  text: ['text_model.onnx', 'encoder_model.onnx', 'model.onnx'],
  sound: ['audio_model.onnx'],
  caption: ['text_model.onnx'],
  // Not `encoder_model.onnx`: exports of that name give codes, what lies behind the quantiser.
  'codec encoder': ['encoder.onnx'],
  'codec decoder': ['decoder.onnx'],
};

/** The ONNX file of a part: in the folder of an encoder, or in `onnx` below it. Undefined where there is none. */
export const onnxFile = (folder: string, part: OnnxPart): string | undefined =>
  ['', 'onnx'].flatMap((place) => NAMES[part].map((name) => join(place, name))).find((name) => existsSync(join(folder, name)));

/** Names, below the folder, of a part's ONNX file and of the files beside it that hold its large tensors (`<name>_data`, `<name>.data`). */
export function onnxFiles(folder: string, part: OnnxPart): string[] {
  const file = onnxFile(folder, part);
  if (file === undefined) return [];
  const place = join(file, '..');
  const beside = readdirSync(join(folder, place)).map((name) => join(place, name));
  return beside.filter((name) => name === file || name.startsWith(`${file}_data`) || name.startsWith(`${file}.data`)).sort();
}

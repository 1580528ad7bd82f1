import { join } from 'node:path';
import { type OnnxPart, onnxFile } from './files.ts';
import { onnxInvalid, openOnnx } from './session.ts';

/** Names of what goes into a part and of what has to come out; Encodec's halves have one of each, of any name. */
const ENDS: Readonly<Record<OnnxPart, { readonly given: readonly string[]; readonly wanted: readonly string[] } | undefined>> = {
  image: { given: ['pixel_values'], wanted: ['image_embeds'] },
  text: { given: ['input_ids', 'attention_mask'], wanted: ['last_hidden_state'] },
  sound: { given: ['input_features', 'is_longer'], wanted: ['audio_embeds'] },
  caption: { given: ['input_ids', 'attention_mask'], wanted: ['text_embeds'] },
  'codec encoder': undefined,
  'codec decoder': undefined,
};

/** Opens the ONNX files of a folder that was copied from another one, which messages name. Throws as `openOnnx`. */
export async function checkOnnx(folder: string, from: string, parts: readonly OnnxPart[]): Promise<void> {
  for (const part of parts) {
    const file = onnxFile(folder, part);
    if (file === undefined) continue;
    const path = join(from, file);
    const { inputs, outputs, fits, dispose } = await openOnnx(join(folder, file), path);
    const ends = ENDS[part];
    if (ends) fits(ends.given, ends.wanted);
    else if (inputs.length !== 1 || outputs.length !== 1)
      throw onnxInvalid(
        path,
        `inputs ${inputs.map(({ name }) => name).join(', ')}; outputs ${outputs.join(', ')}`,
        'one input and one output',
      );
    await dispose();
  }
}

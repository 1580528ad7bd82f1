import { join } from 'node:path';
import { readClapAudio } from '../clap/audio.ts';
import { readClapText } from '../clap/text.ts';
import type { CaptionNetwork, SoundNetwork } from '../open.ts';
import { type Given, openOnnx } from './session.ts';

/** CLAP's sound tower in an ONNX file that takes `input_features` [B,C,T,bands], where it fuses also `is_longer` [B,1], and gives `audio_embeds`. */
export async function openOnnxSound(folder: string, file: string): Promise<SoundNetwork> {
  const { bands, channels, projection: width } = readClapAudio(folder);
  const session = await openOnnx(join(folder, file));
  return {
    width,
    async embed(mels, isLonger) {
      const batch = isLonger.length;
      const given: Record<string, Given> = {
        input_features: { shape: [batch, channels, mels.length / (batch * channels * bands), bands], data: mels },
        is_longer: { shape: [batch, 1], data: isLonger.map(Number) },
      };
      return unit((await session.run(given, ['audio_embeds'])).audio_embeds.data, width);
    },
    dispose: session.dispose,
  };
}

/** CLAP's text tower in an ONNX file that takes `input_ids` and, if it wants it, `attention_mask`, and gives `text_embeds`. Texts are filled up to the length that a file may fix. */
export async function openOnnxCaption(folder: string, file: string): Promise<CaptionNetwork> {
  const { pad, positions, projection: width } = readClapText(folder);
  const session = await openOnnx(join(folder, file));
  const length = session.inputs.find(({ name }) => name === 'input_ids')?.shape[1];
  const fixed = typeof length === 'number' ? length : undefined;
  return {
    width,
    most: Math.min(positions, fixed ?? positions),
    async embed(ids, present = ids.map((row) => row.map(() => 1))) {
      const filled = (rows: readonly (readonly number[])[], by: number) =>
        rows.map((row) => [...row, ...new Array<number>(Math.max(0, (fixed ?? 0) - row.length)).fill(by)]);
      const tokens = filled(ids, pad);
      const shape = [tokens.length, tokens[0]?.length ?? 0];
      const given: Record<string, Given> = {
        input_ids: { shape, data: tokens.flat() },
        attention_mask: { shape, data: filled(present, 0).flat() },
      };
      return unit((await session.run(given, ['text_embeds'])).text_embeds.data, width);
    },
    dispose: session.dispose,
  };
}

/** Exports differ in whether embeddings have length one. */
function unit(rows: Float32Array, width: number): Float32Array {
  return rows.map((value, at) => {
    const start = at - (at % width);
    return value / Math.hypot(...rows.subarray(start, start + width));
  });
}

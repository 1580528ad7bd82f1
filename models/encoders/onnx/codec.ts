import { join } from 'node:path';
import { readEncodec } from '../encodec/index.ts';
import type { CodecNetwork } from '../open.ts';
import { type OnnxSession, openOnnx, type Values } from './session.ts';

/** Encodec in two ONNX files with one input and one output each: wave [1,1,T] → latents [1,hidden,frames] before the quantiser, and back. */
export async function openOnnxCodec(folder: string, files: { readonly encoder: string; readonly decoder: string }): Promise<CodecNetwork> {
  const { config } = readEncodec(folder);
  const encoder = await openOnnx(join(folder, files.encoder));
  const decoder = await openOnnx(join(folder, files.decoder));
  return {
    config,
    async encode(wave) {
      const { data, shape } = await through(encoder, { shape: [1, 1, wave.length], data: wave });
      return turned(data, shape[1] ?? 0, shape[2] ?? 0);
    },
    async decode(latents) {
      const frames = latents.length / config.hidden_size;
      return (await through(decoder, { shape: [1, config.hidden_size, frames], data: turned(latents, frames, config.hidden_size) })).data;
    },
    async dispose() {
      await Promise.all([encoder.dispose(), decoder.dispose()]);
    },
  };
}

async function through(session: OnnxSession, given: Values): Promise<Values> {
  const [input = '', output = ''] = [session.inputs[0]?.name, session.outputs[0]];
  const found: Record<string, Values> = await session.run({ [input]: given }, [output]);
  return found[output] ?? { shape: [], data: new Float32Array() };
}

/** [rows,columns] → [columns,rows]. */
function turned(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column] ?? 0;
  return result;
}

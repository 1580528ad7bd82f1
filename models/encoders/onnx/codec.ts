import { join } from 'node:path';
import type { EncodecConfig } from '../encodec/index.ts';
import type { CodecNetwork } from '../open.ts';
import { onnxInvalid, openOnnx, type Values } from './session.ts';

/** Encodec before its quantiser, in an ONNX file of one input [1,1,T] and one output [1,hidden,frames]. Throws as `openOnnx`. */
export async function openOnnxCodecEncoder(folder: string, file: string, { hidden_size }: EncodecConfig) {
  const { run, dispose } = await openThrough(join(folder, file), hidden_size);
  const encode: CodecNetwork['encode'] = async (wave) => {
    const { data } = await run({ shape: [1, 1, wave.length], data: wave });
    return turned(data, hidden_size);
  };
  return { encode, dispose };
}

/** Encodec behind its quantiser, in an ONNX file of one input [1,hidden,frames] and one output [1,1,T]. Throws as `openOnnx`. */
export async function openOnnxCodecDecoder(folder: string, file: string, { hidden_size }: EncodecConfig) {
  const { run, dispose } = await openThrough(join(folder, file), 1);
  const decode: CodecNetwork['decode'] = async (latents) => {
    const frames = latents.length / hidden_size;
    return (await run({ shape: [1, hidden_size, frames], data: turned(latents, frames) })).data;
  };
  return { decode, dispose };
}

async function openThrough(path: string, channels: number) {
  const { inputs, outputs, run, dispose } = await openOnnx(path);
  const [input = '', output = ''] = [inputs[0]?.name, outputs[0]];
  return {
    async run(given: Values): Promise<Values> {
      const found: Record<string, Values> = await run({ [input]: given }, [output]);
      const { shape, data } = found[output] ?? { shape: [], data: new Float32Array() };
      if (shape.length !== 3 || shape[1] !== channels) throw onnxInvalid(path, `${output} of shape [${shape}]`, `[1,${channels},…]`);
      return { shape, data };
    },
    dispose,
  };
}

/** [rows,columns] → [columns,rows]. */
function turned(values: Float32Array, rows: number): Float32Array {
  const columns = values.length / rows;
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column] ?? 0;
  return result;
}

import { SostenutoError } from '../../../errors/problem.ts';
import { type OnnxSession, openOnnx } from '../../encoders/onnx/session.ts';

/** A network in an ONNX file whose first output is an embedding. */
export interface EmbeddingNetwork {
  readonly path: string;
  /** → rows [n,width]. */
  embed(values: Float32Array): Promise<{ readonly rows: Float32Array; readonly width: number }>;
  dispose(): Promise<void>;
}

/**
 * A network that hears a waveform: its one input is [1,samples] or [1,1,samples]. Where the file fixes the number of samples, the sound is cut into
 * pieces of it, the last one filled with zeros. The rows of all pieces are averaged into one. Throws `ONNX_RUNTIME_MISSING`, `ONNX_INVALID`.
 */
export async function openWaveNetwork(path: string): Promise<EmbeddingNetwork> {
  const session = await openOnnx(path);
  const { shape } = onlyInput(session, [2, 3], '[1, samples] or [1, 1, samples]');
  const fixed = shape.at(-1);
  return {
    path,
    async embed(wave) {
      const length = typeof fixed === 'number' ? fixed : wave.length;
      const sum: number[] = [];
      let count = 0;
      for (let from = 0; from < wave.length; from += length) {
        const piece = new Float32Array(length);
        piece.set(wave.subarray(from, from + length));
        const { rows, width } = await through(session, piece, shape.length === 2 ? [1, length] : [1, 1, length]);
        for (const [at, value] of rows.entries()) sum[at % width] = (sum[at % width] ?? 0) + value;
        count += rows.length / width;
      }
      return { rows: Float32Array.from(sum, (value) => value / count), width: sum.length };
    },
    dispose: session.dispose,
  };
}

/** A network that sees pictures of sounds, [n,rows,columns] with or without an axis for one channel. Throws as `openWaveNetwork`. */
export async function openPictureNetwork(path: string, rows: number, columns: number): Promise<EmbeddingNetwork> {
  const session = await openOnnx(path);
  const { shape } = onlyInput(session, [3, 4], `[n, ${rows}, ${columns}], [n, 1, ${rows}, ${columns}] or [n, ${rows}, ${columns}, 1]`);
  const own = shape.length === 3 ? [rows, columns] : shape[1] === 1 ? [1, rows, columns] : [rows, columns, 1];
  return {
    path,
    embed: (pictures) => through(session, pictures, [pictures.length / (rows * columns), ...own]),
    dispose: session.dispose,
  };
}

function onlyInput({ path, inputs }: OnnxSession, ranks: readonly number[], expected: string) {
  const [input] = inputs;
  if (input && inputs.length === 1 && ranks.includes(input.shape.length)) return input;
  const found = inputs.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join(', ');
  throw new SostenutoError({
    code: 'ONNX_INVALID',
    what: 'This ONNX file is no network for sounds.',
    where: path,
    found,
    expected: `one input, ${expected}`,
  });
}

async function through({ inputs, outputs, run }: OnnxSession, data: Float32Array, shape: readonly number[]) {
  const [input, output = ''] = [inputs[0]?.name ?? '', outputs[0]];
  const found: Record<string, { shape: readonly number[]; data: Float32Array } | undefined> = await run({ [input]: { shape, data } }, [
    output,
  ]);
  const { data: rows = new Float32Array(), shape: of = [] } = found[output] ?? {};
  return { rows, width: of.at(-1) ?? 0 };
}

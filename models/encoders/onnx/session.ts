import type { InferenceSession } from 'onnxruntime-node';
import { SostenutoError } from '../../../errors/problem.ts';

/** Values in the order of rows. */
export interface Values {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}
/** What goes in; whole numbers are passed on as the type that the file declares. */
export interface Given {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** A network in an ONNX file. */
export interface OnnxSession {
  readonly path: string;
  /** Sizes that are left open have a name. */
  readonly inputs: readonly { readonly name: string; readonly shape: readonly (number | string)[] }[];
  readonly outputs: readonly string[];
  /** Throws `ONNX_INVALID` if the file has other inputs than these, or lacks a wanted output. */
  fits(given: readonly string[], wanted: readonly string[]): void;
  /** Runs it on named inputs; inputs that the file does not have are left out. Throws `ONNX_INVALID` if it has others, or lacks a wanted output. */
  run<Name extends string>(given: Readonly<Record<string, Given>>, wanted: readonly Name[]): Promise<Record<Name, Values>>;
  dispose(): Promise<void>;
}

/** Opens a file with onnxruntime on the processor. Throws `ONNX_RUNTIME_MISSING`, `ONNX_INVALID`, both with `path`, where a copy was taken from. */
export async function openOnnx(file: string, path = file): Promise<OnnxSession> {
  const runtime = await loadRuntime(path);
  // As many threads as TensorFlow has, so that networks side by side share the cores.
  const intraOpNumThreads = Number(process.env['TF_NUM_INTRAOP_THREADS'] ?? 0);
  const session = await runtime.InferenceSession.create(file, { intraOpNumThreads, logSeverityLevel: 3 }).catch((error: unknown) => {
    throw onnxInvalid(
      path,
      messageOf(error),
      'an ONNX file with its tensors in it, or beside it as <its name>_data or <its name>.data',
      error,
    );
  });
  const { inputNames, outputNames } = session;
  const fits = (given: readonly string[], wanted: readonly string[]): void => {
    const others = [...inputNames.filter((name) => !given.includes(name)), ...wanted.filter((name) => !outputNames.includes(name))];
    if (others.length > 0) throw onnxInvalid(path, describe(session), `inputs among ${given.join(', ')} and outputs ${wanted.join(', ')}`);
  };
  return {
    path,
    inputs: session.inputMetadata.map((input) => ({ name: input.name, shape: input.isTensor ? input.shape : [] })),
    outputs: outputNames,
    fits,
    async run(given, wanted) {
      fits(Object.keys(given), wanted);
      const feeds = Object.fromEntries(
        session.inputMetadata.map((input) => [input.name, toTensor(runtime, path, input, given[input.name] ?? { shape: [], data: [] })]),
      );
      const found = await session.run(feeds, [...wanted]).catch((error: unknown) => {
        throw onnxInvalid(path, messageOf(error), 'inputs of these shapes', error);
      });
      const values = wanted.map((name) => {
        const tensor = found[name];
        if (tensor?.type !== 'float32') throw onnxInvalid(path, `${name} of type ${tensor?.type ?? 'none'}`, 'float32');
        return [name, { shape: tensor.dims, data: tensor.data as Float32Array }];
      });
      return Object.fromEntries(values);
    },
    dispose: () => session.release(),
  };
}

type Runtime = typeof import('onnxruntime-node');

async function loadRuntime(path: string): Promise<Runtime> {
  try {
    return await import('onnxruntime-node');
  } catch (error) {
    throw new SostenutoError(
      {
        code: 'ONNX_RUNTIME_MISSING',
        what: 'The package that runs ONNX files cannot be loaded.',
        where: path,
        found: messageOf(error),
        hint: 'npm install --ignore-scripts onnxruntime-node@1.30.0; where model.safetensors lies beside it, without the ONNX files that is used',
      },
      { cause: error },
    );
  }
}

function toTensor({ Tensor }: Runtime, path: string, input: InferenceSession.ValueMetadata, { shape, data }: Given) {
  const type = input.isTensor ? input.type : 'none';
  if (type === 'float32') return new Tensor(type, data instanceof Float32Array ? data : Float32Array.from(data), shape);
  if (type === 'int64') return new Tensor(type, BigInt64Array.from(Array.from(data, BigInt)), shape);
  if (type === 'int32') return new Tensor(type, Int32Array.from(data), shape);
  if (type === 'bool') return new Tensor(type, Uint8Array.from(data), shape);
  throw onnxInvalid(path, `${input.name} of type ${type}`, 'float32, int64, int32 or bool');
}

const describe = ({ inputNames, outputNames }: InferenceSession) => `inputs ${inputNames.join(', ')}; outputs ${outputNames.join(', ')}`;
const messageOf = (error: unknown): string => (error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));

export const onnxInvalid = (path: string, found: string, expected: string, cause?: unknown) =>
  new SostenutoError(
    {
      code: 'ONNX_INVALID',
      what: 'This ONNX file cannot be used here.',
      where: path,
      found,
      expected,
      hint: 'where model.safetensors lies beside it, without the ONNX file that is used',
    },
    { cause },
  );

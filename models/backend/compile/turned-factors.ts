import type { NativeBackend, NativeTensor, OpAttribute } from './native-backend.ts';
import type { RecordedOp, Recording } from './record.ts';

/** In floats: rows that are a multiple of 2048 bytes apart fall on the same few lines of a processor's caches. */
const STRIDE = 512;
/** With fewer rows turning costs more than it saves; with more columns products are as fast as any. */
const LEAST_ROWS = 512;
const MOST_COLUMNS = 2048;

const turns = ({ name, attributes, outputs }: RecordedOp, inner: number): boolean => {
  const [rows = 0, columns = 0] = outputs[0]?.shape ?? [];
  const isTurned = (side: string) => attributes.some(({ name, value }) => name === side && value === true);
  const isMatrix = name === 'BatchMatMulV2' && outputs[0]?.shape.length === 2;
  return isMatrix && isTurned('adj_y') && !isTurned('adj_x') && inner % STRIDE === 0 && rows >= LEAST_ROWS && columns <= MOST_COLUMNS;
};

/**
 * Products x·Wᵀ of matrices, x [rows, inner], W [columns, inner], whose inner side is a multiple of 512: W is turned by a kernel of its own, because the
 * product of a turned W takes 1.2 to 1.5 times as long. Each is turned when its x is there and freed after the product, so that memory holds one at a time.
 */
export function turnSlowFactors(backend: NativeBackend, recording: Recording): Recording {
  const [float, int32] = [backend.getDTypeInteger('float32'), backend.getDTypeInteger('int32')];
  const constants = new Map(recording.constants);
  const tensors = [...recording.inputs, ...recording.ops.flatMap(({ outputs }) => outputs)];
  const shapes = new Map<number, readonly number[]>(
    [...constants, ...tensors.map((tensor) => [tensor.id, tensor] as const)].map(([id, { shape }]) => [id, shape]),
  );
  let last = Math.min(0, ...shapes.keys());
  const type = (name: string, value: number): OpAttribute => ({ name, type: Number(backend.binding['TF_ATTR_TYPE']), value });
  const wholes = (values: readonly number[]): number => {
    constants.set(--last, { shape: [values.length], dtype: int32, bytes: new Uint8Array(Int32Array.from(values).buffer) });
    return last;
  };
  const made = (shape: number[]): NativeTensor => ({ id: --last, shape, dtype: float });
  const ops = recording.ops.flatMap((op): RecordedOp[] => {
    const [x = 0, w = 0] = op.inputs;
    const [columns = 0, inner = 0] = shapes.get(w) ?? [];
    if (!turns(op, inner)) return [op];
    // By way of three axes: a matrix that is merely turned would be made the product's turned factor again.
    const [deep, turned, flat] = [made([1, columns, inner]), made([inner, columns, 1]), made([inner, columns])];
    const reshape = (from: number, to: NativeTensor): RecordedOp => ({
      name: 'Reshape',
      attributes: [type('T', float), type('Tshape', int32)],
      inputs: [from, wholes(to.shape)],
      outputs: [to],
    });
    return [
      reshape(w, deep),
      {
        name: 'Transpose',
        attributes: [type('T', float), type('Tperm', int32)],
        inputs: [deep.id, wholes([2, 1, 0])],
        outputs: [turned],
        after: x,
      },
      reshape(turned.id, flat),
      { ...op, inputs: [x, flat.id], attributes: op.attributes.map((item) => (item.name === 'adj_y' ? { ...item, value: false } : item)) },
    ];
  });
  return { ...recording, ops, constants };
}

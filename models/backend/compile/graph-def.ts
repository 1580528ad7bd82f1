import { type Bytes, block, concat, float, whole } from './protobuf.ts';

/** Encoded attribute values of a NodeDef (tensorflow/core/framework/attr_value.proto). */
export const attribute = {
  text: (value: string): Bytes => block(2, value),
  whole: (value: number): Bytes => whole(3, value),
  float: (value: number): Bytes => float(4, value),
  boolean: (value: boolean): Bytes => whole(5, value),
  type: (value: number): Bytes => whole(6, value),
  shape: (value: readonly number[]): Bytes => block(7, shape(value)),
  tensor: (type: number, sides: readonly number[], bytes: Bytes): Bytes =>
    block(8, concat([whole(1, type), block(2, shape(sides)), block(4, bytes)])),
  wholes: (values: readonly number[]): Bytes => block(1, concat(values.map((value) => whole(3, value)))),
  floats: (values: readonly number[]): Bytes => block(1, concat(values.map((value) => float(4, value)))),
};

const shape = (sides: readonly number[]): Bytes => concat(sides.map((side) => block(2, whole(1, side))));

/** A NodeDef; inputs are `node`, `node:output` or `^node` (control). */
export function node(name: string, op: string, inputs: readonly string[], attributes: Readonly<Record<string, Bytes>>): Bytes {
  const entries = Object.entries(attributes).map(([key, value]) => block(5, concat([block(1, key), block(2, value)])));
  return concat([block(1, name), block(2, op), ...inputs.map((input) => block(3, input)), ...entries]);
}

/** A `saved_model.pb` with one graph, tag `serve`, no variables and no signatures. */
export function savedModel(nodes: readonly Bytes[]): Bytes {
  const PRODUCER = 2000;
  const graph = concat([...nodes.map((encoded) => block(1, encoded)), block(4, whole(1, PRODUCER))]);
  return concat([whole(1, 1), block(2, concat([block(1, block(4, 'serve')), block(2, graph)]))]);
}

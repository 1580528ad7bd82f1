import { openSync, readSync, writeFileSync } from 'node:fs';
import protobuf from 'protobufjs';

/** The part of ONNX's format (onnx.proto, version 1.17) that these graphs need. */
const { root } = protobuf.parse(
  `
syntax = "proto2";
message Model { optional int64 ir_version = 1; optional Graph graph = 7; repeated Opset opset_import = 8; }
message Opset { optional string domain = 1; optional int64 version = 2; }
message Graph { repeated Node node = 1; optional string name = 2; repeated Tensor initializer = 5; repeated Value input = 11; repeated Value output = 12; }
message Node { repeated string input = 1; repeated string output = 2; optional string op_type = 4; repeated Attribute attribute = 5; }
message Attribute { optional string name = 1; optional float f = 2; optional int64 i = 3; optional bytes s = 4; repeated int64 ints = 8; optional int32 type = 20; }
message Tensor { repeated int64 dims = 1; optional int32 data_type = 2; repeated float float_data = 4 [packed = true]; repeated int64 int64_data = 7 [packed = true];
  optional string name = 8; repeated Entry external_data = 13; optional int32 data_location = 14; }
message Entry { optional string key = 1; optional string value = 2; }
message Value { optional string name = 1; optional Type type = 2; }
message Type { optional TensorType tensor_type = 1; }
message TensorType { optional int32 elem_type = 1; optional Shape shape = 2; }
message Shape { repeated Dimension dim = 1; }
message Dimension { optional int64 dim_value = 1; optional string dim_param = 2; }
`,
  { keepCase: true },
);
const FLOAT = 1;
const INT64 = 7;
type Attribute = number | readonly number[] | string;
/** A float, as the format tells it from a whole number. */
export const float = (f: number) => ({ f });

/** Builds an ONNX graph whose weights stay in a safetensors file beside it. */
export class OnnxGraph {
  readonly #nodes: object[] = [];
  readonly #initializers = new Map<string, object>();
  readonly #inputs: object[] = [];
  readonly #outputs: object[] = [];
  readonly #stored: Record<string, { shape: number[]; data_offsets: [number, number] }> = {};
  readonly #start: number = 0;
  readonly #location: string;
  #count = 0;

  /**
   * @param weights the file as it lies now; none for a graph without weights
   * @param location name that the file will have beside the graph
   */
  constructor(weights?: string, location = 'model.safetensors') {
    this.#location = location;
    if (weights === undefined) return;
    const file = openSync(weights, 'r');
    const length = Buffer.alloc(8);
    readSync(file, length, 0, 8, 0);
    const header = Buffer.alloc(Number(length.readBigUInt64LE()));
    readSync(file, header, 0, header.length, 8);
    this.#stored = JSON.parse(header.toString());
    this.#start = 8 + header.length;
  }

  /** A tensor of the weights' file, where it lies in it. */
  weight(name: string): string {
    const stored = this.#stored[name];
    if (!stored) throw new RangeError(`no weight ${name}`);
    const [from, to] = stored.data_offsets;
    const external = { location: this.#location, offset: `${this.#start + from}`, length: `${to - from}` };
    const external_data = Object.entries(external).map(([key, value]) => ({ key, value }));
    this.#initializers.set(name, { name, dims: stored.shape, data_type: FLOAT, data_location: 1, external_data });
    return name;
  }

  ints(values: readonly number[], dims: readonly number[] = [values.length]): string {
    return this.#constant({ dims, data_type: INT64, int64_data: values });
  }

  floats(values: readonly number[], dims: readonly number[] = [values.length]): string {
    return this.#constant({ dims, data_type: FLOAT, float_data: values });
  }

  scalar(value: number): string {
    return this.floats([value], []);
  }

  #constant(tensor: object): string {
    const name = `constant_${this.#count++}`;
    this.#initializers.set(name, { ...tensor, name });
    return name;
  }

  /** Names of dimensions are free. */
  input(name: string, type: 'float' | 'int64', shape: readonly (number | string)[]): string {
    this.#inputs.push(valueInfo(name, type === 'float' ? FLOAT : INT64, shape));
    return name;
  }

  op(kind: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute | { f: number }>> = {}): string {
    const output = `value_${this.#count++}`;
    const attribute = Object.entries(attributes).map(([name, value]) => ({ name, ...attributeOf(value) }));
    this.#nodes.push({ op_type: kind, input: inputs, output: [output], attribute });
    return output;
  }

  output(name: string, value: string, shape: readonly (number | string)[]): void {
    this.#nodes.push({ op_type: 'Identity', input: [value], output: [name] });
    this.#outputs.push(valueInfo(name, FLOAT, shape));
  }

  write(path: string): void {
    const graph = {
      name: 'graph',
      node: this.#nodes,
      initializer: [...this.#initializers.values()],
      input: this.#inputs,
      output: this.#outputs,
    };
    const type = root.lookupType('Model');
    writeFileSync(path, type.encode(type.fromObject({ ir_version: 8, opset_import: [{ domain: '', version: 17 }], graph })).finish());
  }
}

function attributeOf(value: Attribute | { f: number }): object {
  if (typeof value === 'number') return { i: value, type: 2 };
  if (typeof value === 'string') return { s: Buffer.from(value), type: 3 };
  if ('f' in value) return { ...value, type: 1 };
  return { ints: value, type: 7 };
}

function valueInfo(name: string, elem_type: number, shape: readonly (number | string)[]): object {
  const dim = shape.map((size) => (typeof size === 'number' ? { dim_value: size } : { dim_param: size }));
  return { name, type: { tensor_type: { elem_type, shape: { dim } } } };
}

import type { OpAttribute } from './native-backend.ts';

type Shape = readonly number[];
/** The shapes of an operation's tensors; `whole(i)` are the whole numbers of input i, undefined where it was computed. */
interface Given {
  readonly shapes: readonly Shape[];
  readonly whole: (input: number) => readonly number[] | undefined;
  readonly attribute: (name: string) => unknown;
}
type Rule = (given: Given) => readonly Shape[] | undefined;

const shapeOf = ({ shapes }: Given, input: number): Shape => shapes[input] ?? [];
const product = (shape: Shape): number => shape.reduce((all, side) => all * side, 1);
const positive = (axis: number, { length }: Shape): number => (axis < 0 ? axis + length : axis);

const like =
  (input: number): Rule =>
  (given) => [shapeOf(given, input)];
const asRead =
  (input: number): Rule =>
  ({ whole }) => {
    const shape = whole(input);
    return shape && [shape];
  };

/** Sides of 1 stretch; the shorter shape is filled up in front. */
function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  const side = (shape: Shape, axis: number) => shape[axis - rank + shape.length] ?? 1;
  return Array.from({ length: rank }, (_, axis) => (side(a, axis) === 1 ? side(b, axis) : side(a, axis)));
}
const pair: Rule = (given) => [broadcast(shapeOf(given, 0), shapeOf(given, 1))];

const reduction: Rule = (given) => {
  const [x, whole] = [shapeOf(given, 0), given.whole(1)];
  if (!whole) return undefined;
  const axes = new Set(whole.map((axis) => positive(axis, x)));
  return [given.attribute('keep_dims') ? x.map((side, i) => (axes.has(i) ? 1 : side)) : x.filter((_, i) => !axes.has(i))];
};

const reshape: Rule = (given) => {
  const sides = given.whole(1);
  const known = product((sides ?? []).filter((side) => side >= 0));
  return sides && [sides.map((side) => (side < 0 ? product(shapeOf(given, 0)) / known : side))];
};

const matrixProduct: Rule = (given) => {
  const [a, b] = [shapeOf(given, 0), shapeOf(given, 1)];
  const rows = a.at(given.attribute('adj_x') ? -1 : -2) ?? 1;
  const columns = b.at(given.attribute('adj_y') ? -2 : -1) ?? 1;
  return [[...broadcast(a.slice(0, -2), b.slice(0, -2)), rows, columns]];
};

const split: Rule = (given) => {
  const [x, sizes, axis] = [shapeOf(given, 0), given.whole(1), given.whole(2)?.[0]];
  return axis === undefined ? undefined : sizes?.map((size) => x.with(positive(axis, x), size));
};

const concat: Rule = (given) => {
  const [parts, last] = [given.shapes.slice(0, -1), given.whole(given.shapes.length - 1)?.[0]];
  const first = parts[0];
  if (last === undefined || !first) return undefined;
  const axis = positive(last, first);
  return [
    first.with(
      axis,
      parts.reduce((sum, part) => sum + (part[axis] ?? 0), 0),
    ),
  ];
};

const RULES: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(
    'Identity Neg Square Sqrt Rsqrt Exp Log Tanh Sigmoid Erf Softmax Relu ReluGrad TanhGrad'.split(' ').map((name) => [name, like(0)]),
  ),
  ...Object.fromEntries('Add AddV2 Sub Mul RealDiv Maximum Minimum SquaredDifference'.split(' ').map((name) => [name, pair])),
  ...Object.fromEntries('Sum Mean Max'.split(' ').map((name) => [name, reduction])),
  L2Loss: () => [[]],
  Reshape: reshape,
  Transpose: (given) => {
    const order = given.whole(1);
    return order && [order.map((axis) => shapeOf(given, 0)[axis] ?? 1)];
  },
  BatchMatMulV2: matrixProduct,
  SplitV: split,
  ConcatV2: concat,
  Slice: asRead(2),
  Tile: (given) => {
    const times = given.whole(1);
    return times && [times.map((count, axis) => count * (shapeOf(given, 0)[axis] ?? 1))];
  },
  PadV2: (given) => {
    const borders = given.whole(1);
    return borders && [shapeOf(given, 0).map((side, axis) => side + (borders[2 * axis] ?? 0) + (borders[2 * axis + 1] ?? 0))];
  },
  Conv2DBackpropInput: asRead(0),
  Conv2DBackpropFilter: asRead(1),
  DepthwiseConv2dNativeBackpropInput: asRead(0),
  DepthwiseConv2dNativeBackpropFilter: asRead(1),
};

/**
 * Shapes of the results of the operations that a network consists of for the most part, without computing anything. Undefined for
 * another operation, or where a shape depends on a computed value. The operations' own rules: their kernels refuse what does not fit, here nothing does.
 */
export function resultShapes(
  name: string,
  attributes: readonly OpAttribute[],
  shapes: readonly Shape[],
  whole: Given['whole'],
): readonly Shape[] | undefined {
  return RULES[name]?.({ shapes, whole, attribute: (wanted) => attributes.find(({ name }) => name === wanted)?.value });
}

type Shape = readonly number[];

const side = (shape: Shape | undefined, axis: number): number => shape?.at(axis) ?? 1;
const first = ([x = []]: readonly Shape[]): Shape[] => [x];

/** Shapes of the results of each fused kernel by those of its inputs, as in the C++ beside this file, where the inputs are told. */
export const FUSED_SHAPES = {
  RmsNorm: ([x = []]) => [x, x.with(-1, 1)],
  RmsNormGradient: ([, x = [], , gain = []]) => [x, gain],
  GatedSum: first,
  GatedSumGradient: ([dy = [], gate = []]) => [gate, dy],
  Geglu: ([packed = []]) => [packed.with(-1, side(packed, -1) / 2)],
  GegluGradient: ([, packed = [], bias = []]) => [packed, bias],
  SelfAttention: ([packed = [], , turns]) => [packed.with(-1, (side(packed, -1) / (3 * side(turns, -1) + 1)) * side(turns, -1))],
  SelfAttentionGradient: ([, packed = [], bias = []]) => [packed, bias],
  CrossAttention: ([own = [], given]) => [own.with(-1, side(given, -1) / 2)],
  CrossAttentionGradient: ([, own = [], given = [], bias = []]) => [own, given, bias],
  Depthwise: ([x = []]) => [x, x],
  DepthwiseGradient: ([, x = [], , kernel = []]) => [x, kernel, [side(x, 2)]],
  Blend: first,
  BlendSquare: first,
  Adam: first,
} satisfies Record<string, (inputs: readonly Shape[]) => readonly Shape[]>;

export type FusedKernel = keyof typeof FUSED_SHAPES;

/** How many of its first inputs and outputs the C++ of a kernel takes and gives in bfloat16 too; as the others it reads and writes the memory of float32 alone. */
const NARROW = {
  RmsNorm: [2, 2],
  RmsNormGradient: [4, 2],
  GatedSum: [3, 1],
  GatedSumGradient: [3, 2],
  Geglu: [2, 1],
  GegluGradient: [3, 2],
  SelfAttention: [1, 1],
  SelfAttentionGradient: [2, 2],
  CrossAttention: [2, 1],
  CrossAttentionGradient: [3, 3],
  Depthwise: [3, 2],
  DepthwiseGradient: [4, 3],
  Blend: [0, 0],
  BlendSquare: [0, 0],
  Adam: [0, 0],
} satisfies Record<FusedKernel, readonly [inputs: number, outputs: number]>;

const PREFIX = 'Sostenuto';
export const operationOf = (kernel: FusedKernel): string => `${PREFIX}${kernel}`;
const kernelOf = (operation: string): FusedKernel | undefined =>
  operation.startsWith(PREFIX) ? (operation.slice(PREFIX.length) as FusedKernel) : undefined;
/** The rule of an operation that is a fused kernel. */
export function fusedShapes(operation: string): ((inputs: readonly Shape[]) => readonly Shape[]) | undefined {
  const kernel = kernelOf(operation);
  return kernel && FUSED_SHAPES[kernel];
}
export function fusedNarrow(operation: string): readonly [inputs: number, outputs: number] | undefined {
  const kernel = kernelOf(operation);
  return kernel && NARROW[kernel];
}

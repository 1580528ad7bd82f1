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

const PREFIX = 'Sostenuto';
export const operationOf = (kernel: FusedKernel): string => `${PREFIX}${kernel}`;
/** The rule of an operation that is a fused kernel. */
export const fusedShapes = (operation: string): ((inputs: readonly Shape[]) => readonly Shape[]) | undefined =>
  operation.startsWith(PREFIX) ? FUSED_SHAPES[operation.slice(PREFIX.length) as FusedKernel] : undefined;

import { float, OnnxGraph } from './graph.ts';

/** Operations that stand for modules of torch. */
export class TorchGraph extends OnnxGraph {
  /** x times a weight as torch keeps it, [out,in]. */
  linear(name: string, x: string, hasBias = true): string {
    const y = this.op('MatMul', [x, this.op('Transpose', [this.weight(`${name}.weight`)], { perm: [1, 0] })]);
    return hasBias ? this.op('Add', [y, this.weight(`${name}.bias`)]) : y;
  }

  layerNorm(name: string, x: string): string {
    return this.op('LayerNormalization', [x, this.weight(`${name}.weight`), this.weight(`${name}.bias`)], {
      axis: -1,
      epsilon: float(1e-5),
    });
  }

  /** Attention over x [B,T,C] by the maps query, key, value and output; `mask` is added to the scores. */
  attention(maps: readonly string[], x: string, heads: number, each: number, options: { scale?: number; mask?: string }): string {
    const isT5 = options.scale === undefined;
    const split = (name = ''): string =>
      this.op('Transpose', [this.op('Reshape', [this.linear(name, x, !isT5), this.ints([0, -1, heads, each])])], { perm: [0, 2, 1, 3] });
    const products = this.op('MatMul', [split(maps[0]), this.op('Transpose', [split(maps[1])], { perm: [0, 1, 3, 2] })]);
    const scaled = options.scale === undefined ? products : this.op('Mul', [products, this.scalar(options.scale)]);
    const scores = options.mask ? this.op('Add', [scaled, options.mask]) : scaled;
    const mixed = this.op('Transpose', [this.op('MatMul', [this.op('Softmax', [scores], { axis: -1 }), split(maps[2])])], {
      perm: [0, 2, 1, 3],
    });
    return this.linear(maps[3] ?? '', this.op('Reshape', [mixed, this.ints([0, -1, heads * each])]), !isT5);
  }

  /** `present` [B,T] → 0 at tokens, −1e9 at padding, [B,1,1,T]. */
  padding(present: string): string {
    const absent = this.op('Sub', [this.scalar(1), this.op('Cast', [present], { to: 1 })]);
    return this.op('Unsqueeze', [this.op('Mul', [absent, this.scalar(-1e9)]), this.ints([1, 2])]);
  }

  /** Length of an axis, [1]. */
  length(x: string, axis: number): string {
    return this.op('Slice', [this.op('Shape', [x]), this.ints([axis]), this.ints([axis + 1])]);
  }
}

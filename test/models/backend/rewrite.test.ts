import { describe, expect, it } from 'vitest';
import type { RecordedOp, Recording } from '../../../models/backend/compile/record.ts';
import { readByProducts } from '../../../models/backend/compile/rewrite.ts';
import { operationOf } from '../../../models/backend/fused/shapes.ts';

const FLOAT = 1;
const tensor = (id: number) => ({ id, shape: [2, 2], dtype: FLOAT });
const op = (name: string, inputs: number[], ...outputs: number[]): RecordedOp => ({
  name,
  attributes: [],
  inputs,
  outputs: outputs.map(tensor),
});
/** Tensors 1 and 2 are inputs, 9 is a shape. */
const recording = (outputs: number[], ...ops: RecordedOp[]): Recording => ({
  ops,
  constants: new Map([[9, { shape: [2], dtype: 3, bytes: new Uint8Array(8) }]]),
  inputs: [1, 2].map(tensor),
  outputs: outputs.map(tensor),
});
const found = (outputs: number[], ...ops: RecordedOp[]) => [...readByProducts(recording(outputs, ...ops))];

describe('a result of a fused kernel is read by products alone', () => {
  const sum = op(operationOf('GatedSum'), [1, 1, 1], 10);

  it.each(['MatMul', 'BatchMatMulV2', 'Conv2D'])('if only %s reads it', (product) => {
    expect(found([20], sum, op(product, [10, 2], 20))).toEqual([10]);
    expect(found([20], sum, op(product, [2, 10], 20))).toEqual([10]);
  });
  it('also in other shapes', () => {
    expect(found([20], sum, op('Reshape', [10, 9], 11), op('Reshape', [11, 9], 12), op('MatMul', [12, 2], 20))).toEqual([10]);
  });
  it('and each result by itself', () => {
    const gradient = op(operationOf('GatedSumGradient'), [1, 1, 1], 10, 11);
    expect(found([20, 21], gradient, op('Add', [10, 2], 20), op('MatMul', [11, 2], 21))).toEqual([11]);
  });

  it('but not if something else reads it too, in whatever shape', () => {
    expect(found([20, 21], sum, op('MatMul', [10, 2], 20), op('Add', [10, 2], 21))).toEqual([]);
    expect(found([20, 21], sum, op('MatMul', [10, 2], 20), op('Reshape', [10, 9], 11), op('Add', [11, 2], 21))).toEqual([]);
  });
  it('nor if another fused kernel does', () => {
    expect(found([20], sum, op(operationOf('GatedSum'), [10, 1, 1], 20), op('MatMul', [10, 2], 21))).toEqual([]);
  });
  it('nor if the graph gives it, in whatever shape, or nobody reads it', () => {
    expect(found([10, 20], sum, op('MatMul', [10, 2], 20))).toEqual([]);
    expect(found([11, 20], sum, op('Reshape', [10, 9], 11), op('MatMul', [11, 2], 20))).toEqual([]);
    expect(found([20], sum, op('MatMul', [1, 2], 20))).toEqual([]);
  });
  it('nor if the kernel writes it in float32 alone, as a moment', () => {
    expect(found([20], op(operationOf('Blend'), [1, 2, 9, 9], 10), op('MatMul', [10, 2], 20))).toEqual([]);
  });
  it('and what other operations gave is none', () => {
    expect(found([20], op('Add', [1, 2], 10), op('MatMul', [10, 2], 20))).toEqual([]);
  });
});

import type { Initial, ParameterShape } from './parameters.ts';

/** `prefix`.weight and `prefix`.bias of a linear layer, with torch's default beginning. */
export function linearShapes(prefix: string, out: number, inputs: number): [string, ParameterShape][] {
  const initial: Initial = { kind: 'uniform', bound: 1 / Math.sqrt(inputs) };
  return [
    [`${prefix}.weight`, { shape: [out, inputs], initial, trainable: true }],
    [`${prefix}.bias`, { shape: [out], initial, trainable: true }],
  ];
}

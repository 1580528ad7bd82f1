import { runningNames } from './image-layers.ts';
import type { Initial, ParameterShape } from './parameters.ts';

type Entries = [string, ParameterShape][];
const constant = (value: number): Initial => ({ kind: 'constant', value });
const fanIn = (inputs: number): Initial => ({ kind: 'uniform', bound: 1 / Math.sqrt(inputs) });
const entry = (name: string, shape: readonly number[], initial: Initial, trainable = true): [string, ParameterShape] => [
  name,
  { shape, initial, trainable },
];

export const convolutionShapes = (name: string, inputs: number, outputs: number, taps: number, initial: Initial, bias = false): Entries => [
  entry(`${name}.weight`, [outputs, inputs, taps, taps], initial),
  ...(bias ? [entry(`${name}.bias`, [outputs], fanIn(inputs * taps * taps))] : []),
];

export const normShapes = (name: string, width: number): Entries => [
  entry(`${name}.weight`, [width], constant(1)),
  entry(`${name}.bias`, [width], constant(0)),
  entry(runningNames(name).mean, [width], constant(0), false),
  entry(runningNames(name).variance, [width], constant(1), false),
];

import { convolutionShapes, normShapes } from '../image-shapes.ts';
import { linearShapes } from '../linear-shapes.ts';
import type { Initial, ParameterShape } from '../parameters.ts';
import { checkRollPredictor, inputChannels, type RollPredictorConfig } from './config.ts';

/** He's normal beginning, by the values that leave a convolution. */
const heNormal = (outputs: number, taps: number): Initial => ({ kind: 'normal', deviation: Math.sqrt(2 / (outputs * taps * taps)) });

/**
 * Every weight of a roll predictor by Audeo's name, in torch's shapes, with its beginning; allocates nothing. The sustain output, which
 * Audeo lacks, is `sustain`. Throws `NETWORK_CONFIG`.
 */
export function rollPredictorShapes(config: RollPredictorConfig): Map<string, ParameterShape> {
  checkRollPredictor(config);
  const base = config.baseWidth;
  const inner = 2 * base;
  const all = new Map<string, ParameterShape>();
  const add = (entries: readonly [string, ParameterShape][]) => {
    for (const [name, shape] of entries) all.set(name, shape);
  };
  const conv = (name: string, inputs: number, outputs: number, taps: number, bias = false) =>
    add(convolutionShapes(name, inputs, outputs, taps, heNormal(outputs, taps), bias));
  const norm = (name: string, width: number) => add(normShapes(name, width));

  conv('conv1', inputChannels(config), base, 11);
  norm('bn1', base);
  for (const [index, multiple] of [1, 2, 4, 8].entries()) {
    const width = multiple * base;
    for (const block of [0, 1]) {
      const name = `layer${index + 1}.${block}`;
      const inputs = block === 0 && index > 0 ? width / 2 : width;
      conv(`${name}.conv1`, inputs, width, 3);
      norm(`${name}.bn1`, width);
      conv(`${name}.conv2`, width, width, 3);
      norm(`${name}.bn2`, width);
      if (inputs === width) continue;
      conv(`${name}.downsample.0`, inputs, width, 1);
      norm(`${name}.downsample.1`, width);
    }
  }
  for (const [name, multiple] of Object.entries({ FTB2_1: 2, FTB2_2: 2, FTB3: 4, FTB4: 8 })) {
    conv(`${name}.conv0`, multiple * base, inner, 1);
    conv(`${name}.conv1`, inner, inner, 3);
    norm(`${name}.bn1`, inner);
    conv(`${name}.conv2`, inner, inner, 3);
  }
  for (const [name, upper] of Object.entries({ FRB2: inner, FRB3: inner, FRB4: base })) {
    add(linearShapes(`${name}.fc1`, inner, inner + upper));
    add(linearShapes(`${name}.fc2`, inner, inner));
  }
  conv('toplayer', 8 * base, base, 1, true);
  norm('toplayer_bn', base);
  conv('conv2', inner, inner, 1, true);
  add(linearShapes('fc', config.keys, inner));
  if (config.sustain) add(linearShapes('sustain', 1, inner));
  return all;
}

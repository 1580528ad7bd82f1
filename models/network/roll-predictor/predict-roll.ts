import { SostenutoError } from '../../../errors/problem.ts';
import { size } from '../differentiable.ts';
import { imageLayers, type Tap } from '../image-layers.ts';
import type { Tensor, Tf, Weights } from '../tensor-types.ts';
import { inputChannels, missingBorder, type RollPredictorConfig } from './config.ts';
import { attendedFeatures } from './pyramid.ts';
import { residualFeatures } from './residual-blocks.ts';

export interface RollPrediction {
  /** [N,keys]; the sigmoid is the roll. */
  readonly logits: Tensor;
  /** [N,1], if the network has this output; the sigmoid is the chance that the pedal is down. */
  readonly sustain?: Tensor;
  /** Running estimates of the norms after this pass, by their names; empty outside of training. */
  readonly buffers: Readonly<Record<string, Tensor>>;
}

export interface PredictionMode {
  readonly training: boolean;
  readonly tap?: Tap;
}

const EPSILON = 1e-5;

/**
 * Notes of the middle frames of windows [N,height,width,channels] (see `gatherWindows`), grey values 0 … 1. In training the norms use the
 * statistics of these windows. Throws `NETWORK_INPUT` for windows of another size.
 */
export function predictRoll(
  tf: Tf,
  config: RollPredictorConfig,
  weights: Weights,
  windows: Tensor,
  { training, tap }: PredictionMode,
): RollPrediction {
  const expected = [config.height, config.width, inputChannels(config)];
  if (windows.rank !== 4 || String(windows.shape.slice(1)) !== String(expected)) {
    throw new SostenutoError({
      code: 'NETWORK_INPUT',
      what: 'The roll predictor cannot read these windows.',
      found: `[${windows.shape}]`,
      expected: `[N,${expected}]`,
    });
  }
  const [below, behind] = [missingBorder(size(windows, 1)), missingBorder(size(windows, 2))];
  const pictures =
    below + behind > 0
      ? tf.pad(windows, [
          [0, 0],
          [0, below],
          [0, behind],
          [0, 0],
        ])
      : windows;
  const layers = imageLayers(tf, weights, { training, epsilon: EPSILON, ...(tap && { tap }) });
  const features = attendedFeatures(tf, layers, residualFeatures(tf, layers, pictures));
  return {
    logits: layers.linear('fc', features),
    ...(config.sustain && { sustain: layers.linear('sustain', features) }),
    buffers: layers.estimates,
  };
}

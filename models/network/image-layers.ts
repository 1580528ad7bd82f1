import { normaliseByBatch, normaliseByEstimates } from './batch-norm.ts';
import { type ConvolutionSizes, convolution } from './image-convolution.ts';
import { linearLayer } from './linear.ts';
import type { Tensor, Tf, Weights } from './tensor-types.ts';
import { weight } from './weight.ts';

/** Sees the output of every named part of a network. */
export type Tap = (name: string, output: Tensor) => void;

export interface LayerOptions {
  /** Norms by the statistics of the batch instead of the running estimates. */
  readonly training: boolean;
  readonly epsilon: number;
  readonly tap?: Tap;
}

/** Layers of a convolutional network by the names of their weights, images [B,H,W,C]. */
export interface ImageLayers {
  /** With a bias if there is one. */
  convolution(name: string, x: Tensor, sizes?: ConvolutionSizes): Tensor;
  norm(name: string, x: Tensor): Tensor;
  /** [B,in] → [B,out] */
  linear(name: string, x: Tensor): Tensor;
  /** Shows an output to the tap. */
  seen(name: string, output: Tensor): Tensor;
  /** Running estimates after this pass, by name; empty outside of training. */
  readonly estimates: Readonly<Record<string, Tensor>>;
}

export const runningNames = (norm: string) => ({ mean: `${norm}.running_mean`, variance: `${norm}.running_var` });

/** Layers for one pass; `estimates` fills while it runs. */
export function imageLayers(tf: Tf, weights: Weights, { training, epsilon, tap }: LayerOptions): ImageLayers {
  const estimates: Record<string, Tensor> = {};
  const seen = (name: string, output: Tensor) => {
    tap?.(name, output);
    return output;
  };
  return {
    seen,
    estimates,
    convolution: (name, x, sizes) => {
      const y = convolution(tf, x, weight(weights, `${name}.weight`), sizes);
      const bias = weights.get(`${name}.bias`);
      return seen(name, bias ? tf.add(y, bias) : y);
    },
    norm: (name, x) => {
      const running = runningNames(name);
      const own = {
        scale: weight(weights, `${name}.weight`),
        offset: weight(weights, `${name}.bias`),
        runningMean: weight(weights, running.mean),
        runningVariance: weight(weights, running.variance),
      };
      if (!training) return seen(name, normaliseByEstimates(tf, x, own, epsilon));
      const { value, runningMean, runningVariance } = normaliseByBatch(tf, x, own, epsilon);
      Object.assign(estimates, { [running.mean]: runningMean, [running.variance]: runningVariance });
      return seen(name, value);
    },
    linear: (name, x) => seen(name, linearLayer(tf, weights, name, x)),
  };
}

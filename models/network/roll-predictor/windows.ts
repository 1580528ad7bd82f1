import { SostenutoError } from '../../../errors/problem.ts';
import { at, size } from '../differentiable.ts';
import type { Tensor, Tf } from '../tensor-types.ts';
import type { RollPredictorConfig } from './config.ts';

/**
 * What the roll predictor reads: windows [N,height,width,channels] of the frames that `indices` [N,window] (int32, see `frameWindows`) names;
 * channel v·window + k is frame k of view v. Grey frames [F,height,width] of each view, 0 … 1, already scaled, in the order of `config.views`;
 * all views share the indices. Several clips can lie behind each other. Throws `NETWORK_INPUT` if views are missing or of another size.
 */
export function gatherWindows(tf: Tf, config: RollPredictorConfig, views: readonly Tensor[], indices: Tensor): Tensor {
  const { height, width, window } = config;
  const expected = `${config.views.length} times [F,${height},${width}], F the same, and indices [N,${window}]`;
  const frames = views[0]?.shape[0];
  const fits = views.every(({ shape }) => String(shape) === String([frames, height, width])) && views.length === config.views.length;
  if (!fits || indices.rank !== 2 || size(indices, 1) !== window) {
    throw new SostenutoError({
      code: 'NETWORK_INPUT',
      what: 'The roll predictor cannot make windows of these frames.',
      found: `${views.map(({ shape }) => `[${shape}]`).join(', ') || 'no view'}, indices [${indices.shape}]`,
      expected,
    });
  }
  const byView = views.map((view) => tf.transpose(tf.gather(view, indices), [0, 2, 3, 1]));
  return byView.length === 1 ? at(byView, 0) : tf.concat(byView, 3);
}

import type { Tensor, Tf, Weights } from '../network/tensor-types.ts';
import { type EmaOptions, emaDecay } from './ema.ts';
import { globalNorm } from './flat.ts';
import type { Batch, Gradient, Phase, PhaseStep } from './phase.ts';
import type { TrainingState } from './state.ts';

/** Loss, gradient norm and what was watched, of the first phase. */
export interface StepResult extends Pick<Gradient, 'loss' | 'norm' | 'watched'> {
  /** False if a phase had to be left out. */
  readonly finite: boolean;
}

/**
 * One step of every phase, with the gradients of the batches averaged. A phase whose loss or gradient is not finite changes nothing.
 * `updates` counts the applied steps of each phase and is moved on; `state` is changed in place.
 */
export function takeStep<B extends Batch>(
  tf: Tf,
  phases: readonly Phase<B>[],
  executors: readonly PhaseStep<B>[],
  state: TrainingState,
  batches: readonly B[],
  { step, updates, reference, ema }: { step: number; updates: number[]; reference: Weights; ema: EmaOptions | undefined },
): StepResult {
  let result: StepResult | undefined;
  let finite = true;
  for (const [i, executor] of executors.entries()) {
    const [phase, own] = [phases[i], state.phases[i]];
    if (!phase || !own) continue;
    const sum = sumGradients(tf, executor, state, reference, batches);
    result ??= { ...sum, finite };
    if (Number.isFinite(sum.loss) && Number.isFinite(sum.norm)) {
      const update = (updates[i] ?? 0) + 1;
      const averageShare = ema && own.average ? { averageShare: 1 - emaDecay(ema, update) } : {};
      executor.apply(own, sum.gradient, { norm: sum.norm, rate: phase.schedule(step), update, ...averageShare });
      updates[i] = update;
    } else finite = false;
    sum.gradient.dispose();
  }
  return { loss: Number.NaN, norm: Number.NaN, watched: {}, ...result, finite };
}

/** Mean gradient and loss over the batches; buffers follow each other from batch to batch. */
function sumGradients<B extends Batch>(
  tf: Tf,
  executor: PhaseStep<B>,
  state: TrainingState,
  reference: Weights,
  batches: readonly B[],
): Gradient {
  const flats = state.phases.map(({ weights }) => weights);
  let total: Gradient | undefined;
  for (const batch of batches) {
    const found = executor.gradient(flats, new Map([...reference, ...state.fixed]), batch);
    replaceBuffers(state, found, Number.isFinite(found.loss));
    if (!total) total = found;
    else {
      const gradient = tf.add(total.gradient, found.gradient);
      tf.dispose([total.gradient, found.gradient]);
      total = { ...total, gradient, loss: total.loss + found.loss };
    }
  }
  if (!total) throw new RangeError('A step needs at least one batch.');
  if (batches.length === 1) return total;
  const [gradient, norm] = tf.tidy((): [Tensor, Tensor] => {
    const mean = tf.div(total.gradient, batches.length);
    return [mean, globalNorm(tf, mean)];
  });
  const [value = Number.NaN] = norm.dataSync();
  tf.dispose([total.gradient, norm]);
  return { ...total, gradient, norm: value, loss: total.loss / batches.length };
}

function replaceBuffers(state: TrainingState, { buffers }: Gradient, keeps: boolean): void {
  for (const [name, tensor] of Object.entries(buffers)) {
    const old = keeps ? state.fixed.get(name) : tensor;
    if (keeps) state.fixed.set(name, tensor);
    old?.dispose();
  }
}

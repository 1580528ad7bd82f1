import type { Precision } from '../../models/backend/index.ts';
import { parameterShapes } from '../../models/network/parameters.ts';
import type { Tensor, Tf } from '../../models/network/tensor-types.ts';
import { createNetwork, type NetworkOptions } from '../../models/network/transformer.ts';
import { interpolate } from '../../models/objectives/rectified-flow.ts';
import { layoutOf } from '../../models/training/flat.ts';
import type { FlowBatch } from '../../models/training/flow/batch.ts';
import { loadWeights } from '../../models/training/flow/model-files.ts';
import { flowObjective } from '../../models/training/flow/objective.ts';
import { TORCH_ADAM } from '../../models/training/optimiser.ts';
import { type Phase, phaseStep } from '../../models/training/phase.ts';
import { beginTraining, toTensor } from '../../models/training/state.ts';
import { takeStep } from '../../models/training/step.ts';
import { readCase } from './case.ts';

/** The training of a case, on the one batch that it has, taken step by step as the trainer does. */
export async function openTraining(
  tf: Tf,
  folder: string,
  { memory, precision, averaged }: NetworkOptions & { precision: Precision; averaged: boolean },
) {
  const { bench, batch: arrays } = await readCase(folder);
  /** Read when they are needed: a row holds no more than a training does. */
  const firstWeights = async () => (await readCase(folder)).weights;
  const shapes = parameterShapes(bench.network);
  const network = createNetwork(tf, bench.network, { memory, precision });
  const keep = () => tf.ones([bench.clips]);
  const batch = {
    ...Object.fromEntries([...arrays].map(([name, array]) => [name, toTensor(tf, array)])),
    keepText: keep(),
    ...(bench.network.video && { keepVideo: keep() }),
  } as unknown as FlowBatch; // the case was written with these names
  const phases: Phase<FlowBatch>[] = [
    {
      trainable: [...shapes].filter(([, { trainable }]) => trainable).map(([name]) => name),
      objective: (weights, batch) => flowObjective(tf, network, { train: [] }, weights, batch),
      optimiser: { ...TORCH_ADAM, clipNorm: bench.clipNorm },
      schedule: () => bench.rate,
    },
  ];
  const layouts = phases.map(({ trainable }) => layoutOf(shapes, trainable));
  const executors = phases.map((_, i) => phaseStep(tf, phases, layouts, i, { precision }));
  const state = beginTraining(tf, await firstWeights(), layouts, averaged);
  const ema = averaged ? ({ kind: 'constant', decay: 0.99 } as const) : undefined;
  const context = { step: 0, updates: [0], reference: new Map(), ema };
  const predict = async (): Promise<Tensor> => {
    const weights = await firstWeights();
    return tf.tidy(() => {
      const { latents, noise, times, text, textMask, video, roll } = batch;
      const inputs = { time: times, text, textMask, ...(video && { video }), ...(roll && { roll }) };
      return network.predict(loadWeights(tf, weights), { latents: interpolate(tf, noise, latents, times), ...inputs });
    });
  };
  return { state, layouts, predict, step: () => takeStep(tf, phases, executors, state, [batch], context) };
}

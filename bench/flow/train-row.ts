/** A training step as the trainer takes it: train-row.ts FOLDER eager|eager-low|compiled|compiled-low THREADS. */
import { writeFileSync } from 'node:fs';
import { loadBackend } from '../../models/backend/index.ts';
import { parameterShapes } from '../../models/network/parameters.ts';
import { createNetwork } from '../../models/network/transformer.ts';
import { interpolate } from '../../models/objectives/rectified-flow.ts';
import { layoutOf } from '../../models/training/flat.ts';
import type { FlowBatch } from '../../models/training/flow/batch.ts';
import { loadWeights } from '../../models/training/flow/model-files.ts';
import { flowObjective } from '../../models/training/flow/objective.ts';
import { TORCH_ADAM } from '../../models/training/optimiser.ts';
import { type Phase, phaseStep } from '../../models/training/phase.ts';
import { beginTraining, toTensor } from '../../models/training/state.ts';
import { takeStep } from '../../models/training/step.ts';
import { maxRss, serveRow } from '../measure/serve-row.ts';
import { predictionFile, readCase } from './case.ts';
import { kernelByKernel } from './kernel-by-kernel.ts';

const [folder = '', mode = '', threads = ''] = process.argv.slice(2);
const { tf: library } = await loadBackend('auto', { threads: Number(threads) });
const loaded = maxRss();
const tf = mode.startsWith('compiled') ? library : kernelByKernel(library);
const { bench, weights, batch: arrays } = await readCase(folder);
const network = createNetwork(tf, bench.network, { memory: mode.endsWith('-low') ? 'low' : 'normal' });
const keep = () => tf.ones([bench.clips]);
const batch = {
  ...Object.fromEntries([...arrays].map(([name, array]) => [name, toTensor(tf, array)])),
  keepText: keep(),
  ...(bench.network.video && { keepVideo: keep() }),
} as unknown as FlowBatch; // the case was written with these names

tf.tidy(() => {
  const { latents, noise, times, text, textMask, video, roll } = batch;
  const inputs = { time: times, text, textMask, ...(video && { video }), ...(roll && { roll }) };
  const prediction = network.predict(loadWeights(tf, weights), { latents: interpolate(tf, noise, latents, times), ...inputs });
  writeFileSync(predictionFile(folder, mode), prediction.dataSync<'float32'>());
});

const shapes = parameterShapes(bench.network);
const phases: Phase<FlowBatch>[] = [
  {
    trainable: [...shapes].filter(([, { trainable }]) => trainable).map(([name]) => name),
    objective: (weights, batch) => flowObjective(tf, network, { train: [] }, weights, batch),
    optimiser: { ...TORCH_ADAM, clipNorm: bench.clipNorm },
    schedule: () => bench.rate,
  },
];
const layouts = phases.map(({ trainable }) => layoutOf(weights, trainable));
const executors = phases.map((_, i) => phaseStep(tf, phases, layouts, i));
const state = beginTraining(tf, weights, layouts, false);
const context = { step: 0, updates: [0], reference: new Map(), ema: undefined };
const step = () => takeStep(tf, phases, executors, state, [batch], context);
const { loss, norm } = step();
await serveRow(loaded, { loss, norm }, step);

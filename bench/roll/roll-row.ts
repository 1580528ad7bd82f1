/** A training step of the roll predictor as the trainer takes it: roll-row.ts FOLDER eager|compiled[-bf16] THREADS. */
import { writeFileSync } from 'node:fs';
import { loadBackend, type Tensor } from '../../models/backend/index.ts';
import { rollPredictorShapes } from '../../models/network/roll-predictor/shapes.ts';
import { rollObjective } from '../../models/objectives/roll-prediction.ts';
import { layoutOf } from '../../models/training/flat.ts';
import { TORCH_ADAM } from '../../models/training/optimiser.ts';
import { type Batch, type Phase, phaseStep } from '../../models/training/phase.ts';
import { beginTraining, toTensor } from '../../models/training/state.ts';
import { takeStep } from '../../models/training/step.ts';
import { predictionFile } from '../compare/compare.ts';
import { kernelByKernel } from '../compare/kernel-by-kernel.ts';
import { maxRss, serveRow } from '../measure/serve-row.ts';
import { readRollCase } from './case.ts';

const [folder = '', mode = '', threads = ''] = process.argv.slice(2);
const { tf: library } = await loadBackend('auto', { threads: Number(threads) });
const loaded = maxRss();
const tf = mode.startsWith('compiled') ? library : kernelByKernel(library);
const { predictor, rate, batch: arrays } = await readRollCase(folder);
/** Read when they are needed: a row holds no more than a training does. */
const firstWeights = async () => (await readRollCase(folder)).weights;
const shapes = rollPredictorShapes(predictor);
const batch: Batch & Record<'windows' | 'target', Tensor> = Object.fromEntries(
  [...arrays].map(([name, array]) => [name, toTensor(tf, array)]),
) as Record<'windows' | 'target', Tensor>; // the case was written with these names
const phases: Phase<typeof batch>[] = [
  {
    trainable: [...shapes].filter(([, { trainable }]) => trainable).map(([name]) => name),
    objective: (weights, batch) => {
      const { loss, buffers } = rollObjective(tf, predictor, 'paper', weights, batch);
      return { loss, buffers };
    },
    optimiser: { ...TORCH_ADAM, clipNorm: 1 },
    schedule: () => rate,
  },
];
const layouts = phases.map(({ trainable }) => layoutOf(shapes, trainable));
const precision = mode.endsWith('-bf16') ? 'bf16' : 'f32';
const executors = phases.map((_, i) => phaseStep(tf, phases, layouts, i, { precision }));
const state = beginTraining(tf, await firstWeights(), layouts, false);
const context = { step: 0, updates: [0], reference: new Map(), ema: undefined };
const step = () => takeStep(tf, phases, executors, state, [batch], context);
const { loss, norm } = step();
// After the first step, whose memory counts: the prediction, of the weights before it, runs kernel by kernel in what that left free.
const weights = await firstWeights();
const prediction = tf.tidy(() => {
  const named = new Map([...weights].map(([name, array]) => [name, toTensor(tf, array)]));
  return rollObjective(tf, predictor, 'paper', named, batch).watched.roll;
});
writeFileSync(predictionFile(folder, mode), prediction.dataSync<'float32'>());
prediction.dispose();
await serveRow(loaded, { loss, norm }, step);

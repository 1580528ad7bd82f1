/** Steps of sampling with guidance: sample-row.ts FOLDER eager|compiled THREADS. */
import { writeFileSync } from 'node:fs';
import { loadBackend, type Tensor } from '../../models/backend/index.ts';
import { createNetwork } from '../../models/network/transformer.ts';
import { type Conditions, guidedVelocity } from '../../models/sampling/guidance.ts';
import { loadWeights } from '../../models/training/flow/model-files.ts';
import { toTensor } from '../../models/training/state.ts';
import { predictionFile } from '../compare/compare.ts';
import { kernelByKernel } from '../compare/kernel-by-kernel.ts';
import { maxRss, serveRow } from '../measure/serve-row.ts';
import { readCase } from './case.ts';

const [folder = '', mode = '', threads = ''] = process.argv.slice(2);
const { tf: library } = await loadBackend('auto', { threads: Number(threads) });
const loaded = maxRss();
const tf = mode === 'compiled' ? library : kernelByKernel(library);
const { bench, weights, batch } = await readCase(folder);
const { noise, times, latents: _, ...conditions } = Object.fromEntries([...batch].map(([name, array]) => [name, toTensor(tf, array)]));
const guided = guidedVelocity(tf, createNetwork(tf, bench.network), { strength: bench.strength, convention: 'added' });
const velocity = guided.under(loadWeights(tf, weights), conditions as unknown as Conditions); // the case was written with these names
const [time = 0] = times?.dataSync() ?? [];

const start = noise as Tensor;
writeFileSync(predictionFile(folder, mode), velocity(start, time).dataSync<'float32'>());
await serveRow(loaded, {}, () => {
  const next = tf.tidy(() => tf.add(start, tf.mul(velocity(start, time), 1 / bench.steps)));
  next.dataSync();
  next.dispose();
});

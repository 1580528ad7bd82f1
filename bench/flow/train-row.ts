/**
 * A training step as the trainer takes it: train-row.ts FOLDER eager|compiled[-low|-bf16] THREADS. `sgemm`: as many operations as the products of
 * a step take (those of the forward pass three times: each has a gradient by both factors), as products of square matrices.
 */
import { writeFileSync } from 'node:fs';
import { loadBackend } from '../../models/backend/index.ts';
import { predictionFile, SGEMM } from '../compare/compare.ts';
import { kernelByKernel } from '../compare/kernel-by-kernel.ts';
import { maxRss, serveRow } from '../measure/serve-row.ts';
import { readCase } from './case.ts';
import { countingProducts, plainProducts } from './products.ts';
import { openTraining } from './training.ts';

const [folder = '', mode = '', threads = ''] = process.argv.slice(2);
const { tf } = await loadBackend('auto', { threads: Number(threads) });
const loaded = maxRss();
if (mode === SGEMM) {
  const { audio, video, extra } = (await readCase(folder)).bench.network;
  const headWidths = [audio, video, extra].flatMap((stream) => (stream ? [stream.headWidth] : []));
  const counted = countingProducts(kernelByKernel(tf), headWidths);
  const { predict } = await openTraining(counted.tf, folder, { memory: 'normal', precision: 'f32', averaged: false });
  (await predict()).dispose();
  const operations = 3 * counted.operations();
  await serveRow(loaded, { gigaOperations: operations / 1e9 }, plainProducts(tf, operations));
}
const memory = mode.endsWith('-low') ? 'low' : 'normal';
const precision = mode.endsWith('-bf16') ? 'bf16' : 'f32';
const library = mode.startsWith('compiled') ? tf : kernelByKernel(tf);
const { predict, step } = await openTraining(library, folder, { memory, precision, averaged: false });
const { loss, norm } = step();
// After the first step, whose memory counts: the prediction, of the weights before it, runs kernel by kernel in what that left free.
const prediction = await predict();
writeFileSync(predictionFile(folder, mode), prediction.dataSync<'float32'>());
prediction.dispose();
await serveRow(loaded, { loss, norm }, step);

/** A training step as the trainer takes it: train-row.ts FOLDER eager|compiled[-low|-bf16] THREADS. */
import { writeFileSync } from 'node:fs';
import { loadBackend } from '../../models/backend/index.ts';
import { predictionFile } from '../compare/compare.ts';
import { kernelByKernel } from '../compare/kernel-by-kernel.ts';
import { maxRss, serveRow } from '../measure/serve-row.ts';
import { openTraining } from './training.ts';

const [folder = '', mode = '', threads = ''] = process.argv.slice(2);
const { tf } = await loadBackend('auto', { threads: Number(threads) });
const loaded = maxRss();
const memory = mode.endsWith('-low') ? 'low' : 'normal';
const precision = mode.endsWith('-bf16') ? 'bf16' : 'f32';
const library = mode.startsWith('compiled') ? tf : kernelByKernel(tf);
const { predict, step } = await openTraining(library, folder, { memory, precision, averaged: false });
const { loss, norm } = step();
// After the first step, whose memory counts: the prediction, of the weights before it, runs kernel by kernel in what that left free.
const prediction = predict();
writeFileSync(predictionFile(folder, mode), prediction.dataSync<'float32'>());
prediction.dispose();
await serveRow(loaded, { loss, norm }, step);

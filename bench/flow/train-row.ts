/** A training step as the trainer takes it: train-row.ts FOLDER eager|eager-low|compiled|compiled-low THREADS. */
import { writeFileSync } from 'node:fs';
import { loadBackend } from '../../models/backend/index.ts';
import { maxRss, serveRow } from '../measure/serve-row.ts';
import { predictionFile } from './case.ts';
import { kernelByKernel } from './kernel-by-kernel.ts';
import { openTraining } from './training.ts';

const [folder = '', mode = '', threads = ''] = process.argv.slice(2);
const { tf } = await loadBackend('auto', { threads: Number(threads) });
const loaded = maxRss();
const memory = mode.endsWith('-low') ? 'low' : 'normal';
const { predict, step } = await openTraining(mode.startsWith('compiled') ? tf : kernelByKernel(tf), folder, { memory, averaged: false });
const prediction = predict();
writeFileSync(predictionFile(folder, mode), prediction.dataSync<'float32'>());
prediction.dispose();
const { loss, norm } = step();
await serveRow(loaded, { loss, norm }, step);

/**
 * Time of one training step of the flow network, its parts, and the kernels it calls.
 * `npx tsx bench/train-step.ts [--preset demo] [--frames 150] [--batch 8] [--backend auto] [--rounds 5]`
 * Walls of a shared machine move: compare the ratios of one run, or the CPU time.
 */
import { parseArgs } from 'node:util';
import { loadBackend } from '../models/backend/index.ts';
import { countParameters, initialParameters, parameterShapes } from '../models/network/parameters.ts';
import { createNetwork } from '../models/network/transformer.ts';
import { flatten, globalNorm } from '../models/training/flat.ts';
import { flowBatch, flowObjective } from '../models/training/flow-objective.ts';
import { FLOW_PRESETS } from '../models/training/flow-presets.ts';
import { clipDataset, latentStatistics } from '../models/training/latents.ts';
import { adam } from '../models/training/optimiser.ts';
import { beginTraining, makeParameters, publishWeights, trainingLayout } from '../models/training/state.ts';
import { flowNetworkConfig } from '../models/training/train-flow.ts';
import { normal } from '../numeric/random.ts';

const CHANNELS = 32;
const TEXT_WIDTH = 128;
const TOKENS = 12;

const { values } = parseArgs({
  options: {
    preset: { type: 'string', default: 'demo' },
    frames: { type: 'string' },
    batch: { type: 'string' },
    backend: { type: 'string', default: 'auto' },
    rounds: { type: 'string', default: '5' },
  },
});
const preset = FLOW_PRESETS[values.preset === 'tiny' ? 'tiny' : 'demo'];
const settings = { ...preset, frames: Number(values.frames ?? preset.frames), batch: Number(values.batch ?? preset.batch) };
const choice = values.backend === 'cpu' || values.backend === 'wasm' || values.backend === 'tensorflow' ? values.backend : 'auto';
const backend = await loadBackend(choice);
const { tf } = backend;

const clip = {
  latents: normal({ seed: 1, purpose: 'latents' }, settings.frames * CHANNELS),
  frames: settings.frames,
  text: normal({ seed: 1, purpose: 'text' }, TOKENS * TEXT_WIDTH),
  tokens: TOKENS,
};
const dataset = clipDataset([clip], { batch: settings.batch, frames: settings.frames, channels: CHANNELS, textWidth: TEXT_WIDTH, seed: 1 });
const statistics = latentStatistics([clip], CHANNELS);
const config = flowNetworkConfig(settings, CHANNELS, TEXT_WIDTH);
const shapes = parameterShapes(config);
const parameters = makeParameters(tf, initialParameters(shapes, 1));
const network = createNetwork(tf, config);
const layout = trainingLayout(
  parameters,
  [...shapes].filter(([, { trainable }]) => trainable).map(([name]) => name),
);
const state = beginTraining(tf, parameters, layout, false);
const leaves = layout.names.map((name) => parameters.get(name) ?? tf.scalar(0));
const batch = flowBatch(tf, network, dataset, await dataset.batchAt(0), statistics, settings, 1, 0);
const loss = () => tf.reshape(flowObjective(tf, network, parameters, batch).loss, []) as ReturnType<typeof tf.scalar>;
const gradient = tf.tidy(() => flatten(tf, tf.valueAndGrads(loss)(leaves).grads));

const parts: Record<string, () => void> = {
  data: () => tf.dispose(flowBatch(tf, network, dataset, clipExamples, statistics, settings, 1, 1)),
  forward: () => tf.tidy(() => loss().dataSync()),
  'forward and backward': () => tf.tidy(() => globalNorm(tf, flatten(tf, tf.valueAndGrads(loss)(leaves).grads)).dataSync()),
  'Adam and new weights': () =>
    tf.tidy(() => {
      const { change } = adam(tf, settings.optimiser, state.moments, gradient, 1, 1e-3);
      publishWeights(tf, parameters, layout, tf.add(state.weights, change));
    }),
};
const clipExamples = await dataset.batchAt(1);

console.log(
  `${backend.name} ${backend.version}, ${backend.threads} threads · ${countParameters(shapes)} parameters · batch ${settings.batch} × ${settings.frames} frames`,
);
const rows = new Map(Object.keys(parts).map((name) => [name, { wall: [] as number[], cpu: [] as number[] }]));
for (let round = 0; round <= Number(values.rounds); round++) {
  for (const [name, run] of Object.entries(parts)) {
    const [before, start] = [process.cpuUsage(), performance.now()];
    run();
    const used = process.cpuUsage(before);
    if (round === 0) continue;
    rows.get(name)?.wall.push(performance.now() - start);
    rows.get(name)?.cpu.push((used.user + used.system) / 1000);
  }
}
const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
console.table(
  Object.fromEntries(
    [...rows].map(([name, { wall, cpu }]) => [
      name,
      {
        'wall min ms': Math.round(Math.min(...wall)),
        'wall median ms': Math.round(median(wall)),
        'cpu median ms': Math.round(median(cpu)),
      },
    ]),
  ),
);

/**
 * Time of one training step of the roll predictor (forward, backward, Adam, running estimates): kernel by kernel, and as one compiled call.
 * `npm run bench:roll`, for Audeo's network with batches of 4 and for the demo's with batches of 16.
 * `-- [--json] [--size audeo|demo] [--rounds 5] [--backend auto]`. Walls of a shared machine move: rounds alternate, compare ratios of one run.
 */
import { parseArgs } from 'node:util';
import { compile, loadBackend, type Tensor, type Tf } from '../models/backend/index.ts';
import { countParameters, initialParameters } from '../models/network/parameters.ts';
import { AUDEO, type RollPredictorConfig } from '../models/network/roll-predictor/config.ts';
import { rollPredictorShapes } from '../models/network/roll-predictor/shapes.ts';
import { rollObjective } from '../models/objectives/roll-prediction.ts';
import { flatten, layoutOf, unflatten } from '../models/training/flat.ts';
import { adam, adamScalars, TORCH_ADAM } from '../models/training/optimiser.ts';
import { uniform } from '../numeric/random.ts';

const SIZES: Record<string, { config: RollPredictorConfig; batch: number }> = {
  audeo: { config: AUDEO, batch: 4 },
  demo: { config: { ...AUDEO, height: 32, width: 240, baseWidth: 16 }, batch: 16 },
};

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    size: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    backend: { type: 'string', default: 'auto' },
  },
});
const { backend: choice } = values;
const backend = await loadBackend(choice === 'cpu' || choice === 'wasm' || choice === 'tensorflow' ? choice : 'auto');
const rows = Object.entries(SIZES)
  .filter(([name]) => values.size === undefined || values.size === name)
  .flatMap(([name, { config, batch }]) => measure(backend.tf, name, config, batch));

if (values.json) {
  const { tf: _, ...environment } = backend;
  console.log(JSON.stringify({ bench: 'roll', backend: environment, rows }, null, 2));
} else {
  console.log(`${backend.name} ${backend.version}, ${backend.threads} threads`);
  console.table(rows);
}

interface Row {
  readonly size: string;
  readonly parameters: number;
  readonly batch: number;
  readonly run: string;
  readonly 'first ms': number;
  readonly 'least ms': number;
  readonly 'median ms': number;
  readonly 'cpu median ms': number;
}

function measure(tf: Tf, size: string, config: RollPredictorConfig, batch: number): Row[] {
  const { step, inputs, parameters } = trainingStep(tf, config, batch);
  const compiled = compile(tf, step);
  const runs = { eager: () => tf.tidy(() => [...step(inputs)]), compiled: () => compiled.call(inputs) };
  const times = Object.entries(runs).map(([name, run]) => ({
    name,
    run,
    first: timed(tf, run).wall,
    wall: [] as number[],
    cpu: [] as number[],
  }));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const { run, wall, cpu } of times) {
      const taken = timed(tf, run);
      wall.push(taken.wall);
      cpu.push(taken.cpu);
    }
  }
  compiled.dispose();
  tf.dispose(inputs);
  return times.map(({ name, first, wall, cpu }) => ({
    size,
    parameters,
    batch,
    run: name,
    'first ms': Math.round(first),
    'least ms': Math.round(Math.min(...wall)),
    'median ms': Math.round(median(wall)),
    'cpu median ms': Math.round(median(cpu)),
  }));
}

/** A step from [weights, moments, batch, buffers] to [loss, weights, moments, buffers], with inputs to begin with. */
function trainingStep(tf: Tf, config: RollPredictorConfig, batch: number) {
  const shapes = rollPredictorShapes(config);
  const parameters = initialParameters(shapes, 1);
  const trainable = [...shapes].filter(([, shape]) => shape.trainable).map(([name]) => name);
  const buffers = [...shapes.keys()].filter((name) => !trainable.includes(name));
  const layout = layoutOf(parameters, trainable);
  const tensorOf = (name: string) => tf.tensor(parameters.get(name)?.data ?? [], [...(shapes.get(name)?.shape ?? [])]);
  const weights = tf.tidy(() => flatten(tf, trainable.map(tensorOf)));
  const random = (purpose: string, count: number) => Float32Array.from(uniform({ seed: 1, purpose }, count));
  const shape: [number, number, number, number] = [batch, config.height, config.width, config.views.length * config.window];
  const windows = tf.tensor4d(
    random(
      'windows',
      shape.reduce((a, b) => a * b, 1),
    ),
    shape,
  );
  const target = tf.tensor2d(
    random('target', batch * config.keys).map((value) => Number(value > 0.9)),
    [batch, config.keys],
  );
  const step = ([flat, first, second, windows, target, ...estimates]: readonly Tensor[]): Tensor[] => {
    let moved: readonly Tensor[] = [];
    const loss = (flat: Tensor) => {
      const parts = unflatten(tf, layout, flat);
      const named = [...trainable.map((name, i) => [name, parts[i]] as const), ...buffers.map((name, i) => [name, estimates[i]] as const)];
      const objective = rollObjective(tf, config, 'code', new Map(named as [string, Tensor][]), {
        windows: windows as Tensor,
        target: target as Tensor,
      });
      moved = buffers.map((name) => tf.keep(tf.clone(objective.buffers[name] as Tensor)));
      return objective.loss.asScalar();
    };
    const { value, grad } = tf.valueAndGrad(loss)(flat as Tensor);
    const next = adam(tf, TORCH_ADAM, { first: first as Tensor, second: second as Tensor }, grad, adamScalars(TORCH_ADAM, 1, 1e-3));
    const outputs = [value, tf.add(flat as Tensor, next.change), next.first, next.second, ...moved.map((tensor) => tf.clone(tensor))];
    tf.dispose([...moved]);
    return outputs;
  };
  const inputs = [weights, tf.zerosLike(weights), tf.zerosLike(weights), windows, target, ...buffers.map(tensorOf)];
  return { step, inputs, parameters: countParameters(shapes) };
}

function timed(tf: Tf, run: () => readonly Tensor[]): { wall: number; cpu: number } {
  const [before, start] = [process.cpuUsage(), performance.now()];
  const outputs = run();
  const loss = outputs[0]?.dataSync()[0];
  const used = process.cpuUsage(before);
  if (!Number.isFinite(loss)) throw new Error(`the step gave a loss of ${loss}`);
  tf.dispose([...outputs]);
  return { wall: performance.now() - start, cpu: (used.user + used.system) / 1000 };
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}

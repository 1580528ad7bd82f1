import { join } from 'node:path';
import { SostenutoError } from '../../errors/problem.ts';
import { normal } from '../../numeric/random.ts';
import { compile, type Tensor, type Tf } from '../backend/index.ts';
import { decode, encode, latentFrames } from '../encoders/encodec/encodec.ts';
import type { EncodecConfig } from '../encoders/encodec/index.ts';
import { encodecLayout } from '../encoders/encodec/layout.ts';
import { readFloats, storeFloats, writeSafetensors } from '../tensor/safetensors.ts';
import type { Checkpoints } from '../training/checkpoints.ts';
import { layoutOf, unflatten } from '../training/flat.ts';
import type { CodecRecipe } from './config.ts';
import { codecLoss, weightVector } from './losses.ts';
import { codecParameters, initialValues, kernelsOf } from './parameters.ts';

export interface CodecTraining {
  readonly tf: Tf;
  readonly config: EncodecConfig;
  readonly recipe: CodecRecipe;
  /** Waves of a step, [batchSize · cropSamples]; a function of the step alone. */
  readonly data: (step: number) => Float32Array;
  readonly checkpoints: Checkpoints;
  /** Values to begin with in place of the initial ones. */
  readonly initial?: Float32Array;
  readonly signal?: AbortSignal;
  progress?(progress: { step: number; of: number; loss: number; decibel: number; msPerStep: number }): void;
  metric?(name: string, step: number, value: number): void;
}

const ADAM = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8 };
const REPORT_EVERY = 20;

/**
 * Trains a codec and returns its parameters as one vector (see `publishedTensors`). Begins at the newest checkpoint; the same
 * arguments on the same backend give the same bits, with or without interruptions. On abort it saves and throws the signal's reason.
 * Throws `CODEC_DIVERGED` when the loss is no number.
 */
export async function trainCodec(training: CodecTraining): Promise<Float32Array> {
  const { tf, config, recipe, checkpoints, signal } = training;
  const parameters = codecParameters(config);
  const state = await restore(training, initialValues(parameters, recipe.seed));
  const step = codecStep(training);
  const save = (at: number): Promise<void> => checkpoints.save(at, {}, (directory) => writeState(join(directory, STATE_FILE), state));
  try {
    let since = performance.now();
    for (let k = state.step; k < recipe.steps; k++) {
      if (signal?.aborted) {
        await save(k);
        throw signal.reason;
      }
      const losses = step.run(state, k);
      if (!Number.isFinite(losses.total)) {
        throw new SostenutoError({
          code: 'CODEC_DIVERGED',
          what: 'The training of the codec diverged.',
          where: `step ${k}`,
          found: `loss ${losses.total}`,
          expected: 'a finite loss',
          hint: 'lower the learning rate',
        });
      }
      if ((k + 1) % REPORT_EVERY === 0) {
        for (const [name, value] of Object.entries(losses)) training.metric?.(name, k + 1, value);
        const msPerStep = (performance.now() - since) / REPORT_EVERY;
        training.progress?.({ step: k + 1, of: recipe.steps, loss: losses.total, decibel: losses.decibel, msPerStep });
        since = performance.now();
        await new Promise((resolve) => setImmediate(resolve)); // lets signals and heartbeats through
      }
      if ((k + 1) % recipe.checkpointEvery === 0 || k + 1 === recipe.steps) await save(k + 1);
    }
    return Float32Array.from(state.values.dataSync<'float32'>());
  } finally {
    tf.dispose([state.values, state.first, state.second]);
    step.dispose();
  }
}

/** Learning rate of step k = 0, 1, …: linear warm-up, constant, half a cosine to zero at the end. */
export function codecLearningRate({ learningRate, warmUpSteps, decaySteps, steps }: CodecRecipe, k: number): number {
  const rise = Math.min(1, (k + 1) / Math.max(1, warmUpSteps));
  const left = Math.min(1, (steps - k) / Math.max(1, decaySteps));
  return learningRate * rise * ((1 - Math.cos(Math.PI * left)) / 2);
}

interface State {
  step: number;
  values: Tensor;
  first: Tensor;
  second: Tensor;
}
type Losses = Record<'total' | 'magnitude' | 'logMagnitude' | 'decibel' | 'latent' | 'gradientNorm', number>;

/** One update of the state, as one compiled call where the backend can. */
function codecStep({ tf, config, recipe, data }: CodecTraining): { run(state: State, k: number): Losses; dispose(): void } {
  const { batchSize, cropSamples, clipNorm } = recipe;
  const parameters = codecParameters(config);
  const flat = layoutOf(parameters, parameters.keys(), { line: 1, turnsKernels: false });
  const layout = encodecLayout(config);
  const loss = codecLoss(tf, recipe.resolutions);
  const noiseShape: [number, number, number] = [batchSize, latentFrames(config, cropSamples), config.hidden_size];
  const noiseCount = noiseShape.reduce((a, b) => a * b, 1);

  const compiled = compile(tf, (inputs) => {
    const [values, first, second, wave, noise, rate, correction, weights] = inputs as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    let terms: Tensor[] = [];
    const objective = (trained: Tensor): Tensor => {
      const kernels = kernelsOf(flat.names, unflatten(tf, flat, trained));
      const latents = encode(tf, layout, kernels, wave);
      const output = decode(tf, layout, kernels, tf.add(latents, noise));
      const losses = loss(wave, tf.reshape(output, [batchSize, cropSamples]), latents, weights);
      terms = [losses.total, losses.magnitude, losses.logMagnitude, losses.decibel, losses.latent].map((term) => tf.keep(term));
      return losses.total;
    };
    const gradient = tf.grad(objective)(values);
    const norm = tf.sqrt(tf.sum(tf.square(gradient)));
    const clipped = tf.mul(gradient, tf.minimum(1, tf.div(clipNorm, tf.add(norm, 1e-6))));
    const nextFirst = tf.add(first, tf.mul(tf.sub(clipped, first), 1 - ADAM.beta1));
    const nextSecond = tf.add(second, tf.mul(tf.sub(tf.square(clipped), second), 1 - ADAM.beta2));
    const change = tf.div(nextFirst, tf.add(tf.div(tf.sqrt(nextSecond), correction), ADAM.epsilon));
    const numbers = tf.stack([...terms, norm]);
    tf.dispose(terms);
    return [tf.sub(values, tf.mul(change, rate)), nextFirst, nextSecond, numbers];
  });

  const run = (state: State, k: number): Losses => {
    const { values, first, second } = state;
    const fed = [
      tf.tensor2d(data(k), [batchSize, cropSamples]),
      tf.tensor3d(
        normal({ seed: recipe.seed, purpose: 'latent-noise', step: k }, noiseCount).map((value) => value * recipe.latentNoise),
        noiseShape,
      ),
      tf.scalar(codecLearningRate(recipe, k) / (1 - ADAM.beta1 ** (k + 1))),
      tf.scalar(Math.sqrt(1 - ADAM.beta2 ** (k + 1))),
      tf.tensor1d(weightVector(k < recipe.opening.steps ? recipe.opening.weights : recipe.weights)),
    ];
    const [nextValues, nextFirst, nextSecond, report] = compiled.call([values, first, second, ...fed]) as [Tensor, Tensor, Tensor, Tensor];
    const [total = Number.NaN, magnitude = 0, logMagnitude = 0, decibel = 0, latent = 0, gradientNorm = Number.NaN] = report.dataSync();
    tf.dispose([...fed, report]);
    const finite = Number.isFinite(total) && Number.isFinite(gradientNorm);
    tf.dispose(finite ? [values, first, second] : [nextValues, nextFirst, nextSecond]);
    if (finite) Object.assign(state, { step: k + 1, values: nextValues, first: nextFirst, second: nextSecond });
    return { total: finite ? total : Number.NaN, magnitude, logMagnitude, decibel, latent, gradientNorm };
  };
  return {
    run,
    dispose: () => {
      compiled.dispose();
      loss.dispose();
    },
  };
}

const STATE_FILE = 'training.safetensors';

async function restore({ tf, checkpoints, initial }: CodecTraining, fresh: Float32Array): Promise<State> {
  const saved = await checkpoints.latest();
  const tensors = saved ? (await readFloats(join(saved.directory, STATE_FILE))).tensors : undefined;
  const vector = (name: string, otherwise: Float32Array): Tensor => tf.tensor1d(tensors?.get(name)?.data ?? otherwise);
  const zeros = new Float32Array(fresh.length);
  return {
    step: saved?.step ?? 0,
    values: vector('values', initial ?? fresh),
    first: vector('first', zeros),
    second: vector('second', zeros),
  };
}

async function writeState(path: string, state: State): Promise<void> {
  const entries = (['values', 'first', 'second'] as const).map(
    (name) => [name, storeFloats(state[name].dataSync<'float32'>(), state[name].shape)] as const,
  );
  await writeSafetensors(path, new Map(entries));
}

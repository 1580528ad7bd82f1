import { join } from 'node:path';
import { SostenutoError } from '../../errors/problem.ts';
import { normal } from '../../numeric/random.ts';
import type { Tensor, Tf, Variable } from '../backend/index.ts';
import { decode, encode, latentFrames } from '../encoders/encodec/encodec.ts';
import type { EncodecConfig } from '../encoders/encodec/index.ts';
import { encodecLayout } from '../encoders/encodec/layout.ts';
import { readFloats, storeFloats, writeSafetensors } from '../tensor/safetensors.ts';
import type { Checkpoints } from '../training/checkpoints.ts';
import { layoutOf, unflatten } from '../training/flat.ts';
import { adam, clipFactor } from '../training/optimiser.ts';
import type { CodecRecipe } from './config.ts';
import { codecLoss } from './losses.ts';
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
      const losses = step(state, k);
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
  readonly values: Variable;
  readonly first: Variable;
  readonly second: Variable;
}
type Losses = Record<'total' | 'magnitude' | 'logMagnitude' | 'decibel' | 'latent' | 'gradientNorm', number>;

/** One update of the state in place. */
function codecStep({ tf, config, recipe, data }: CodecTraining): (state: State, k: number) => Losses {
  const parameters = codecParameters(config);
  const flat = layoutOf(parameters, parameters.keys());
  const layout = encodecLayout(config);
  const loss = codecLoss(tf, recipe.weights, recipe.resolutions);
  const { batchSize, cropSamples } = recipe;
  const noiseShape: [number, number, number] = [batchSize, latentFrames(config, cropSamples), config.hidden_size];
  const noiseCount = noiseShape.reduce((a, b) => a * b, 1);
  return (state, k) => {
    const report = tf.tidy(() => {
      const wave = tf.tensor2d(data(k), [batchSize, cropSamples]);
      const noise = tf.mul(
        tf.tensor3d(normal({ seed: recipe.seed, purpose: 'latent-noise', step: k }, noiseCount), noiseShape),
        recipe.latentNoise,
      );
      const terms: Tensor[] = [];
      const objective = (values: Tensor): Tensor => {
        const kernels = kernelsOf(flat.names, unflatten(tf, flat, values));
        const latents = encode(tf, layout, kernels, wave);
        const output = decode(tf, layout, kernels, tf.add(latents, noise));
        const losses = loss(wave, tf.reshape(output, [batchSize, cropSamples]), latents);
        terms.push(tf.keep(tf.stack([losses.total, losses.magnitude, losses.logMagnitude, losses.decibel, losses.latent])));
        return losses.total;
      };
      const gradient = tf.grad(objective)(state.values);
      const norm = tf.sqrt(tf.sum(tf.square(gradient))).dataSync()[0] ?? Number.NaN;
      const numbers = [...(terms[0]?.dataSync() ?? []), norm];
      tf.dispose(terms);
      if (numbers.every(Number.isFinite)) {
        const clipped = tf.mul(gradient, clipFactor(norm, recipe.clipNorm));
        const next = adam(tf, ADAM, state, clipped, k + 1, codecLearningRate(recipe, k));
        state.first.assign(next.first);
        state.second.assign(next.second);
        state.values.assign(tf.add(state.values, next.change));
      }
      return numbers;
    });
    const [total = Number.NaN, magnitude = 0, logMagnitude = 0, decibel = 0, latent = 0, gradientNorm = 0] = report as number[];
    state.step = k + 1;
    return { total, magnitude, logMagnitude, decibel, latent, gradientNorm };
  };
}

const STATE_FILE = 'training.safetensors';

async function restore({ tf, checkpoints, initial }: CodecTraining, fresh: Float32Array): Promise<State> {
  const saved = await checkpoints.latest();
  const tensors = saved ? (await readFloats(join(saved.directory, STATE_FILE))).tensors : undefined;
  const variable = (name: string, otherwise: Float32Array): Variable =>
    tf.variable(tf.tensor1d(tensors?.get(name)?.data ?? otherwise), true);
  const zeros = new Float32Array(fresh.length);
  return {
    step: saved?.step ?? 0,
    values: variable('values', initial ?? fresh),
    first: variable('first', zeros),
    second: variable('second', zeros),
  };
}

async function writeState(path: string, state: State): Promise<void> {
  const entries = (['values', 'first', 'second'] as const).map(
    (name) => [name, storeFloats(state[name].dataSync<'float32'>(), state[name].shape)] as const,
  );
  await writeSafetensors(path, new Map(entries));
}

/** The parameters of the newest checkpoint of a training, and its step. */
export async function newestParameters(checkpoints: Checkpoints): Promise<{ step: number; values: Float32Array } | undefined> {
  const saved = await checkpoints.latest();
  const values = saved && (await readFloats(join(saved.directory, STATE_FILE))).tensors.get('values')?.data;
  return saved && values ? { step: saved.step, values } : undefined;
}

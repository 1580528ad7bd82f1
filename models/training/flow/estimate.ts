import { totalmem } from 'node:os';
import { SostenutoError } from '../../../errors/problem.ts';
import type { NetworkConfig } from '../../network/config.ts';
import { countParameters } from '../../network/parameters.ts';
import type { FlowSettings } from './settings.ts';
import { type FlowStage, partOf } from './stage.ts';
import { stageShapes } from './weights.ts';

/** What a stage costs before it is run. */
export interface StageEstimate {
  /** Values of all weights, and of those that learn. */
  readonly parameters: number;
  readonly trained: number;
  /** Bytes at the peak of a step. */
  readonly memory: number;
}

const FLOAT = 4;
/** Of the library and a compiled step, before any work. */
const PROCESS = 0.6e9;
/** Values that a token leaves behind in a layer for the backward pass, in widths of its stream; counted in the code of the layers. */
const AUDIO_KEPT = 26;
const SIDE_KEPT = 18;
/** Matrices of all pairs of tokens that the backward pass of attention holds at once, in one layer at a time. */
const PAIRS_HELD = 4;
const TEXT_TOKENS = 77;

/** Sizes by the shapes alone; allocates nothing. `batch` clips of `frames` latent frames at once. */
export function estimateStage(
  network: NetworkConfig,
  stage: FlowStage,
  batch: number,
  frames: number,
  { ema, memory }: Pick<FlowSettings, 'ema' | 'memory'>,
): StageEstimate {
  const shapes = stageShapes(network, stage);
  const parameters = countParameters(shapes);
  const trained = countParameters(new Map([...shapes].filter(([name]) => stage.train.includes(partOf(name)))));
  // Two moments, the gradient, its clipped copy and a new moment while an update makes one, and the average.
  const state = parameters + trained * (ema ? 6 : 5) + (stage.preference ? parameters : 0);
  const tokens = network.registers + frames;
  const sides = [network.video, network.extra].filter((stream) => stream !== undefined);
  const layer = tokens * sides.reduce((sum, { width }) => sum + SIDE_KEPT * width, AUDIO_KEPT * network.audio.width);
  const pairs = tokens * PAIRS_HELD * network.audio.heads * (tokens + TEXT_TOKENS);
  const inputs = tokens * [network.audio, ...sides].reduce((sum, { width }) => sum + width, 0);
  const kept = memory === 'low' ? layer + network.depth * inputs : network.depth * layer;
  return { parameters, trained, memory: PROCESS + FLOAT * (state + batch * (kept + pairs)) };
}

/** Throws `MEMORY` if a stage cannot fit into this machine. */
export function checkMemory(estimate: StageEstimate, available = totalmem()): void {
  if (estimate.memory <= available) return;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new SostenutoError({
    code: 'MEMORY',
    what: 'The training does not fit into the memory of this machine.',
    found: `about ${gigabytes(estimate.memory)} for ${(estimate.parameters / 1e6).toFixed(1)} million weights and a batch`,
    expected: `at most ${gigabytes(available)}`,
    hint: 'training.memory low, a smaller batch with more of training.accumulate, shorter crops (training.frames), or a smaller preset',
  });
}

import type { Precision } from '../../backend/index.ts';
import type { NetworkConfig } from '../../network/config.ts';
import type { NetworkOptions } from '../../network/transformer.ts';
import { type ConditioningDropout, PAPER_DROPOUT, type TimeDistribution } from '../../objectives/rectified-flow.ts';
import type { EmaOptions } from '../ema.ts';
import { type AdamOptions, TORCH_ADAM } from '../optimiser.ts';
import type { ScheduleOptions } from '../schedule.ts';

/** Everything that decides the result of a flow training, besides its data and seed. */
export interface FlowSettings {
  readonly network: Omit<NetworkConfig, 'latentChannels' | 'text'>;
  readonly batch: number;
  /** Batches a step whose gradients are averaged; default 1. */
  readonly accumulate?: number;
  /** `low`: layers are run again in the backward pass in place of being kept (see `createNetwork`); default `normal`. */
  readonly memory?: NetworkOptions['memory'];
  /** Of the products of the forward and backward pass; default `f32`. */
  readonly precision?: Precision;
  /** Latent frames of a training crop. */
  readonly frames: number;
  readonly steps: number;
  readonly optimiser: AdamOptions & { readonly clipNorm: number };
  readonly schedule: Omit<ScheduleOptions, 'totalSteps'>;
  readonly ema?: EmaOptions;
  readonly times: TimeDistribution;
  readonly dropout: ConditioningDropout;
}

const network = (depth: number, heads: number, headWidth: number, registers: number, positions: number): FlowSettings['network'] => ({
  depth,
  positions,
  registers,
  kernel: 31,
  feedForwardMultiple: 4,
  softClamp: 50,
  audio: { width: heads * headWidth, heads, headWidth },
});

/** Sizes: `tiny` for tests, `demo` for two cores and two minutes, `paper` as published. The method is the same in all. */
export const FLOW_PRESETS = {
  tiny: {
    network: network(2, 2, 16, 4, 256),
    batch: 4,
    frames: 32,
    steps: 60,
    optimiser: { ...TORCH_ADAM, clipNorm: 1 },
    schedule: { base: 2e-3, warmUpSteps: 10, shape: 'constant' },
    ema: { kind: 'constant', decay: 0.95 },
    times: 'uniform',
    dropout: PAPER_DROPOUT,
  },
  demo: {
    network: network(4, 4, 32, 8, 1024),
    batch: 8,
    frames: 150,
    steps: 450,
    optimiser: { ...TORCH_ADAM, clipNorm: 1 },
    schedule: { base: 2e-3, warmUpSteps: 50, shape: 'constant' },
    ema: { kind: 'constant', decay: 0.99 },
    times: 'logit-normal',
    dropout: PAPER_DROPOUT,
  },
  paper: {
    network: network(12, 16, 64, 32, 8192),
    batch: 128,
    frames: 750,
    steps: 330_000,
    optimiser: { ...TORCH_ADAM, clipNorm: 0.2 },
    schedule: { base: 3e-5, warmUpSteps: 20_000, shape: 'linear' },
    times: 'uniform',
    dropout: PAPER_DROPOUT,
  },
} as const satisfies Record<string, FlowSettings>;

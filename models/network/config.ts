import { type Problem, SostenutoError } from '../../errors/problem.ts';

/** Width and attention heads of one stream. */
export interface StreamConfig {
  readonly width: number;
  readonly heads: number;
  readonly headWidth: number;
}

/**
 * Sizes of the flow network. Only `audio` and `text` are always there; `video` joins in stage 1.2 and
 * `extra` (piano roll) in stage 2, each by zero-initialised maps that change nothing at first.
 */
export interface NetworkConfig {
  readonly depth: number;
  readonly latentChannels: number;
  /** Rows of the learned table of absolute positions: the longest clip in latent frames. */
  readonly positions: number;
  /** Learned tokens before each stream. */
  readonly registers: number;
  /** Taps of the depthwise convolutions, odd. */
  readonly kernel: number;
  readonly feedForwardMultiple: number;
  /** Attention logits l become c·tanh(l/c). */
  readonly softClamp: number;
  readonly audio: StreamConfig;
  /** Width of the text states; another width than the audio's gets a projection of its own. */
  readonly text: { readonly width: number };
  /** `inputWidth` is the width of the frame features; another one than the stream's gets a projection. */
  readonly video?: StreamConfig & { readonly inputWidth?: number };
  readonly extra?: StreamConfig & { readonly keys: number };
}

const PAPER_COMMON = {
  depth: 12,
  latentChannels: 128,
  positions: 8192,
  registers: 32,
  kernel: 31,
  feedForwardMultiple: 4,
  softClamp: 50,
  audio: { width: 1024, heads: 16, headWidth: 64 },
  text: { width: 1024 },
} as const;

/** The authors' sizes (arXiv 2503.22200 and the released code). */
export const PAPER_STAGE_1: NetworkConfig = { ...PAPER_COMMON, video: { width: 1280, heads: 16, headWidth: 64 } };
export const PAPER_STAGE_2: NetworkConfig = { ...PAPER_STAGE_1, extra: { width: 512, heads: 8, headWidth: 64, keys: 51 } };

const POSITIVE = ['depth', 'latentChannels', 'positions', 'registers', 'kernel', 'feedForwardMultiple'] as const;

/** Throws `NETWORK_CONFIG` with every problem of the sizes. */
export function checkNetworkConfig(config: NetworkConfig): void {
  const problems: Problem[] = [];
  const refuse = (where: string, found: unknown, expected: string) =>
    problems.push({
      code: 'NETWORK_CONFIG',
      what: `The network cannot be built with this ${where}.`,
      where,
      found: String(found),
      expected,
    });
  for (const field of POSITIVE) {
    const value = config[field];
    if (!Number.isInteger(value) || value < 1) refuse(field, value, 'a whole number above 0');
  }
  if (config.depth % 2 !== 0) refuse('depth', config.depth, 'an even number: the later half takes the skips of the first');
  if (config.kernel % 2 !== 1) refuse('kernel', config.kernel, 'an odd number of taps');
  for (const name of ['audio', 'video', 'extra'] as const) {
    const stream = config[name];
    if (stream && stream.headWidth % 2 !== 0) refuse(`${name}.headWidth`, stream.headWidth, 'an even number: rotary positions turn pairs');
  }
  if (config.extra && !config.video) refuse('extra', 'no video stream', 'a video stream beside the extra stream');
  if (problems.length > 0) throw new SostenutoError(problems);
}

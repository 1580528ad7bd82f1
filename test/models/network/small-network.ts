import type { NetworkConfig } from '../../../models/network/config.ts';

/** All three streams, each of a width of its own, so that a mix-up shows. */
export const SMALL_NETWORK = {
  depth: 2,
  latentChannels: 3,
  positions: 16,
  registers: 2,
  kernel: 5,
  feedForwardMultiple: 4,
  softClamp: 50,
  audio: { width: 12, heads: 2, headWidth: 4 },
  text: { width: 6 },
  video: { width: 10, heads: 2, headWidth: 4 },
  extra: { width: 8, heads: 2, headWidth: 4, keys: 5 },
} satisfies NetworkConfig;

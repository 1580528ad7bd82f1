import type { CodecNetwork } from '../../../models/encoders/open.ts';

/** Latents [frames, channels] through the codec's decoder, cut to `samples` of sound. */
export const decodeLatents = async (codec: CodecNetwork, latents: Float32Array, samples: number): Promise<Float32Array> =>
  (await codec.decode(latents)).subarray(0, samples);

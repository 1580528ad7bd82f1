import type { Tf } from '../../../models/backend/index.ts';
import type { Encodec } from '../../../models/encoders/encodec/index.ts';

/** Latents [frames, channels] through the codec's decoder, cut to `samples` of sound. */
export function decodeLatents(tf: Tf, codec: Encodec, latents: Float32Array, samples: number): Float32Array {
  const channels = codec.config.hidden_size;
  const wave = tf.tidy(() => codec.decode(tf.tensor3d(latents, [1, latents.length / channels, channels])));
  const sound = Float32Array.from(wave.dataSync()).subarray(0, samples);
  wave.dispose();
  return sound;
}

import type { Run } from '../../../engine/define/task.ts';
import { loadBackend } from '../../../models/backend/index.ts';
import { loadEncodec } from '../../../models/encoders/encodec/index.ts';
import { styleFeatures } from '../../../models/metrics/style.ts';
import { fitLogistic, logOdds } from '../../../numeric/logistic.ts';
import { welford } from '../../../numeric/statistics.ts';
import { folderOf } from '../../stored-folder.ts';
import { clipsOf, readFeature } from '../features.ts';
import { LATENT_RATE, SAMPLE_RATE } from '../rates.ts';
import type { Clip } from '../tasks.ts';
import { decodeLatents } from './decode-latents.ts';
import { standardised } from './style-judge.ts';
import type { trainStyleJudge as declaration } from './tasks.ts';

const HOP = SAMPLE_RATE / LATENT_RATE;

/** A stretch of a clip: its features as recorded and through the codec, and 1 for the preferred pianist. */
interface Example {
  readonly original: readonly number[];
  readonly reconstructed: readonly number[];
  readonly label: number;
}

/** It learns from recorded and reconstructed sounds alike: generated ones come through the codec, too. */
export const trainStyleJudge: Run<typeof declaration> = async ({ inputs, params: { seconds, pianists }, context }) => {
  const { preferred, other } = pianists;
  const frames = Math.round(seconds * LATENT_RATE);
  const { tf } = await loadBackend();
  const codec = await loadEncodec(tf, await folderOf(context, inputs.codec, 'codec'));
  const channels = codec.config.hidden_size;

  const examplesOf = async (split: Clip['split']): Promise<Example[]> => {
    const clips = clipsOf(inputs.shards, split).filter(({ pianist }) => pianist === preferred || pianist === other);
    const latents = await readFeature(context, inputs.latents, 'latents', clips);
    const sounds = await readFeature(context, inputs.media, 'audio', clips);
    const examples: Example[] = [];
    for (const [index, { id, pianist }] of clips.entries()) {
      context.signal.throwIfAborted();
      const [encoded, sound] = [latents.get(id), sounds.get(id)];
      if (encoded === undefined || sound === undefined) continue;
      for (let from = 0; from + frames <= Math.min(encoded.rows, sound.rows / HOP); from += frames) {
        const window = encoded.values.slice(from * channels, (from + frames) * channels);
        examples.push({
          original: styleFeatures(sound.values.subarray(from * HOP, (from + frames) * HOP)),
          reconstructed: styleFeatures(decodeLatents(tf, codec, window, frames * HOP)),
          label: pianist === preferred ? 1 : 0,
        });
      }
      context.progress({ step: index + 1, of: clips.length, split });
    }
    return examples;
  };

  const [train, heldOut] = [await examplesOf('train'), await examplesOf('validation')];
  codec.dispose();
  const seen = train.flatMap(({ original, reconstructed }) => [original, reconstructed]);
  const running = welford(seen[0]?.length ?? 0);
  for (const features of seen) running.add(features);
  const scale = { mean: Array.from(running.mean()), deviation: Array.from(running.deviation(), (value) => Math.max(value, 1e-6)) };
  const labels = train.flatMap(({ label }) => [label, label]);
  const model = fitLogistic(
    seen.map((features) => standardised(scale, features)),
    labels,
  );
  const accuracy = (version: 'original' | 'reconstructed') =>
    heldOut.filter((one) => logOdds(model, standardised(scale, one[version])) > 0 === (one.label === 1)).length /
    Math.max(1, heldOut.length);
  const windows = { train: train.length, heldOut: heldOut.length };
  return {
    style: {
      preferred,
      other,
      ...scale,
      ...model,
      accuracy: { original: accuracy('original'), reconstructed: accuracy('reconstructed') },
      windows,
    },
  };
};

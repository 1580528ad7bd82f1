import type { Run } from '../../../engine/define/task.ts';
import { loadBackend } from '../../../models/backend/index.ts';
import { openCodec } from '../../../models/encoders/open.ts';
import { styleFeatures } from '../../../models/metrics/style.ts';
import { fitLogistic, logOdds } from '../../../numeric/logistic.ts';
import { normal, uniform } from '../../../numeric/random.ts';
import { welford } from '../../../numeric/statistics.ts';
import { folderOf } from '../../stored-folder.ts';
import { clipsOf, readFeature } from '../features.ts';
import { LATENT_RATE, SAMPLE_RATE } from '../rates.ts';
import type { Clip } from '../tasks.ts';
import { decodeLatents } from './decode-latents.ts';
import { standardised } from './style-judge.ts';
import type { trainStyleJudge as declaration } from './tasks.ts';

const HOP = SAMPLE_RATE / LATENT_RATE;

/** How a stretch of a clip may sound: as recorded, through the codec, and from latents with the noise that an imperfect model leaves in them. */
const VERSIONS = ['original', 'reconstructed', 'noisy'] as const;
interface Example {
  /** 1 for the preferred pianist. */
  readonly label: number;
  readonly features: Readonly<Record<(typeof VERSIONS)[number], readonly number[]>>;
}

/** It learns from all versions alike; without the noisy ones it would take a model's noise for the brighter pianist. */
export const trainStyleJudge: Run<typeof declaration> = async ({ inputs, params: { seconds, clips: atMost, pianists }, context }) => {
  const { preferred, other } = pianists;
  const frames = Math.round(seconds * LATENT_RATE);
  const { tf } = await loadBackend();
  const codec = await openCodec(tf, await folderOf(context, inputs.codec, 'codec'));
  const channels = codec.config.hidden_size;

  const examplesOf = async (split: Clip['split']): Promise<Example[]> => {
    const clips = clipsOf(inputs.shards, split)
      .filter(({ pianist }) => pianist === preferred || pianist === other)
      .slice(0, atMost);
    const latents = await readFeature(context, inputs.latents, 'latents', clips);
    const sounds = await readFeature(context, inputs.media, 'audio', clips);
    const examples: Example[] = [];
    for (const [index, { id, pianist }] of clips.entries()) {
      context.signal.throwIfAborted();
      const [encoded, sound] = [latents.get(id), sounds.get(id)];
      if (encoded === undefined || sound === undefined) continue;
      for (let from = 0; from + frames <= Math.min(encoded.rows, sound.rows / HOP); from += frames) {
        const window = encoded.values.slice(from * channels, (from + frames) * channels);
        const decoded = async (values: Float32Array) => styleFeatures(await decodeLatents(codec, values, frames * HOP));
        examples.push({
          label: pianist === preferred ? 1 : 0,
          features: {
            original: styleFeatures(sound.values.subarray(from * HOP, (from + frames) * HOP)),
            reconstructed: await decoded(window),
            noisy: await decoded(withNoise(window, `${id}@${from}`)),
          },
        });
      }
      context.progress({ step: index + 1, of: clips.length, split });
    }
    return examples;
  };

  const [train, heldOut] = [await examplesOf('train'), await examplesOf('validation')];
  await codec.dispose();
  const seen = train.flatMap(({ features }) => VERSIONS.map((version) => features[version]));
  const running = welford(seen[0]?.length ?? 0);
  for (const features of seen) running.add(features);
  const scale = { mean: Array.from(running.mean()), deviation: Array.from(running.deviation(), (value) => Math.max(value, 1e-6)) };
  const model = fitLogistic(
    seen.map((features) => standardised(scale, features)),
    train.flatMap(({ label }) => VERSIONS.map(() => label)),
  );
  const accuracy = (version: (typeof VERSIONS)[number]) =>
    heldOut.filter(({ features, label }) => logOdds(model, standardised(scale, features[version])) > 0 === (label === 1)).length /
    Math.max(1, heldOut.length);
  const accuracies = { original: accuracy('original'), reconstructed: accuracy('reconstructed'), noisy: accuracy('noisy') };
  const windows = { train: train.length, heldOut: heldOut.length };
  return { style: { preferred, other, ...scale, ...model, accuracy: accuracies, windows } };
};

/** Latents with normal noise of up to their own deviation, by the stretch's name. */
function withNoise(latents: Float32Array, name: string): Float32Array {
  const deviation = Math.sqrt(latents.reduce((sum, value) => sum + value * value, 0) / latents.length);
  const [amount = 0] = uniform({ seed: 0, purpose: `style noise amount ${name}` }, 1);
  const noise = normal({ seed: 0, purpose: `style noise ${name}` }, latents.length);
  return latents.map((value, i) => value + amount * deviation * (noise[i] ?? 0));
}

import { join } from 'node:path';
import type { Run } from '../../engine/define/task.ts';
import { loadBackend } from '../../models/backend/index.ts';
import { CODEC_CONFIG } from '../../models/codec/config.ts';
import { codecClips, cropBatches } from '../../models/codec/data.ts';
import { evaluateCodec } from '../../models/codec/evaluate.ts';
import { publishCodec } from '../../models/codec/publish.ts';
import { trainCodec as train } from '../../models/codec/train.ts';
import { loadEncodec } from '../../models/encoders/encodec/index.ts';
import type { trainCodec as declaration } from './tasks.ts';

export const trainCodec: Run<typeof declaration> = async ({ params, context }) => {
  const { data, network } = params;
  const recipe = { ...params.recipe, checkpointEvery: Number(context.operational.checkpointEvery ?? 200) };
  const config = { ...CODEC_CONFIG, num_filters: network.filters, hidden_size: network.latentChannels };
  const { tf, name, version, threads } = await loadBackend();
  const rendering = { seed: recipe.seed, sampleRate: config.sampling_rate };
  const clips = codecClips('train', { ...rendering, pieces: data.pieces, sounds: data.sounds });
  const values = await train({
    tf,
    config,
    recipe,
    data: cropBatches(clips, { ...recipe, pianoShare: data.pianoShare }),
    checkpoints: context.checkpoints,
    signal: context.signal,
    progress: context.progress,
    metric: context.metric,
  });
  const directory = join(context.workDirectory, 'codec');
  const seconds = clips.reduce((sum, { wave }) => sum + wave.length, 0) / config.sampling_rate;
  const described = {
    name: 'sostenuto-codec',
    steps: recipe.steps,
    recipe,
    data: { ...data, seconds, split: 'train' as const },
    backend: { name, version, threads },
  };
  // The manifest states what the stored weights can do, so they are written, read back and judged before they are described.
  const unjudged = { clips: 0, siSdr: Number.NaN, logMelDistance: Number.NaN };
  await publishCodec(directory, config, values, {
    ...described,
    figures: { piano: unjudged, sound: unjudged, latentDeviation: Number.NaN },
  });
  const model = await loadEncodec(tf, directory);
  const { piano, sound, latentDeviation } = evaluateCodec(tf, model, codecClips('validation', { ...rendering, pieces: 2, sounds: 2 }));
  model.dispose();
  await publishCodec(directory, config, values, { ...described, figures: { piano, sound, latentDeviation } });
  return { codec: directory };
};

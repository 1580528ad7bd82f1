import { readFileSync } from 'node:fs';
import { definePipeline } from '../../engine/define/pipeline.ts';
import { presets, settingsSchema } from './settings.ts';
import * as tasks from './tasks.ts';

/** Content digest of the shipped codec, from its manifest; it is what enters the key. */
function shippedCodecDigest(): string {
  const manifest: { digest: string } = JSON.parse(
    readFileSync(new URL('../../models/codec/weights/manifest.json', import.meta.url), 'utf8'),
  );
  return manifest.digest;
}

/** Raw clips in, a model that can be heard out. The order of the lines is the way of the data. */
export const videoToAudio = definePipeline({
  name: 'video-to-audio',
  description: 'Synthetic clips → features → text-to-audio rectified flow → sound and measures',
  settings: settingsSchema,
  presets,
  build: ({ node, each }, settings) => {
    const { seed, data } = settings;
    const set = (name: 'sounds' | 'events' | 'piano') =>
      node(name, tasks.synthesizeSet, { inputs: {}, params: { set: name, count: data[name], clipSeconds: data.clipSeconds, seed } }).files;
    const { shards, refused } = node('ingest', tasks.ingest, {
      inputs: { sounds: set('sounds'), events: set('events'), piano: set('piano') },
      params: { shards: settings.shards, maxFailures: settings.maxFailures },
    });

    const { media, unreadable } = each('media', tasks.extractMedia, shards, {
      inputs: {},
      params: { framesPerSecond: 8, frameSize: 64, maxFailures: settings.maxFailures },
    });
    const { codec } = node('codec', tasks.importCodec, { inputs: {}, params: { digest: shippedCodecDigest() } });
    const { latents } = each('latents', tasks.encodeAudio, media, { inputs: { codec }, params: {} });
    const { text } = each('text', tasks.embedText, shards, { inputs: {}, params: { encoder: 'hashed-words', dimension: 64, tokens: 20 } });
    const { rolls } = each('rolls', tasks.rollShard, shards, { inputs: {}, params: {} });
    node('catalogue', tasks.catalogue, { inputs: { shards, refused, unreadable, latents, rolls }, params: {} });
    const { statistics } = node('statistics', tasks.measureLatents, { inputs: { shards, latents }, params: {} });

    const { steps, checkpointSteps, ...training } = settings.textToAudio;
    const { model } = node(
      'text-to-audio',
      tasks.trainTextToAudio,
      { inputs: { shards, latents, text, statistics }, params: { seed, network: settings.network, training, steps } },
      { operational: { checkpointSteps } },
    );
    const { generated } = node('samples', tasks.sampleTextToAudio, {
      inputs: { model, codec, shards, media, latents, text },
      params: { seed, sampling: settings.sampling },
    });
    node('evaluation', tasks.evaluateTextToAudio, { inputs: { generated }, params: {} });
  },
});

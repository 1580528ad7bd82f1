import { statSync } from 'node:fs';
import { findMediaTools } from '../../datasets/media/tools.ts';
import { folderState } from '../../datasets/sources/folder-state.ts';
import { licenceIn } from '../../datasets/sources/licence.ts';
import type { Builder } from '../../engine/define/pipeline.ts';
import type { TestChoice } from './prepare/choose-tested.ts';
import { PICTURE_RATE } from './rates.ts';
import type { FeatureSettings } from './settings.ts';
import * as prepare from './tasks.ts';
import { RESUMED, wireCodec, wireFrames, wireText } from './wire-encoders.ts';

const FRAME_SIDE = 32;
const OWN_LICENCE = 'Apache-2.0, made by this project';

/** Path, size and age of ffmpeg: enough to notice another one without starting it. */
function ffmpegBinary(): string {
  const { ffmpeg } = findMediaTools();
  const { size, mtimeMs } = statSync(ffmpeg);
  return `${ffmpeg} ${size} ${Math.round(mtimeMs)}`;
}

/** Clips in shards, decoded: of the synthetic sets, or of sets on disk, of which a test takes only its own. */
function wireClips({ node, each }: Builder, settings: FeatureSettings, test?: TestChoice) {
  const { seed, data, rollPredictor, maxFailures } = settings;
  const { tools } = node('media-tools', prepare.identifyMediaTools, { inputs: {}, params: { binary: ffmpegBinary() } });
  const filmed = [...new Set(['front' as const, ...rollPredictor.views])];
  const set = (name: 'sounds' | 'events' | 'piano') => {
    const { clipSeconds, pieceSeconds } = data;
    const made = name === 'piano' ? { pieceSeconds, views: filmed } : { clipSeconds, views: [] };
    const params = { set: name, count: data[name], seed, ...made, licence: OWN_LICENCE };
    return node(name, prepare.synthesizeSet, { inputs: { tools }, params }).files;
  };
  const { shards, refused } = settings.sources
    ? node('ingest', prepare.ingestSources, {
        inputs: {},
        params: {
          sources: settings.sources.map((source) => {
            const licence = source.licence ?? licenceIn(source.root);
            return { ...source, state: folderState(source.root), ...(licence !== undefined && { licence }) };
          }),
          shards: settings.shards,
          maxFailures,
          ...(test && { test }),
        },
      })
    : node('ingest', prepare.ingest, {
        inputs: { sounds: set('sounds'), events: set('events'), piano: set('piano') },
        params: { shards: settings.shards, maxFailures },
      });
  const { media, unreadable } = each(
    'media',
    prepare.extractMedia,
    shards,
    { inputs: { tools }, params: { framesPerSecond: PICTURE_RATE, frameSize: FRAME_SIDE, maxFailures } },
    RESUMED,
  );
  return { tools, shards, refused, media, unreadable };
}
type Clips = ReturnType<typeof wireClips>;

/** What networks make of clips; `heard` are the clips with their sounds, where there are more than were filmed. */
function wireEncoded(builder: Builder, settings: FeatureSettings, clips: Clips, heard: Pick<Clips, 'shards' | 'media'>) {
  const { each } = builder;
  const { encoders, maxFailures } = settings;
  const { views, height, width } = settings.rollPredictor;
  const { tools, shards } = clips;
  const codec = wireCodec(builder, settings);
  const { latents } = each(
    'latents',
    prepare.encodeAudio,
    heard.media,
    { inputs: { codec }, params: { scalar: encoders.latents ?? 'f32' } },
    RESUMED,
  );
  const text = wireText(builder, settings, heard.shards);
  const video = wireFrames(builder, settings, clips);
  const { rolls, unreadable: unreadableMidi } = each('rolls', prepare.rollShard, shards, { inputs: {}, params: { maxFailures } });
  const { pictures, unreadable: unreadableViews } = each(
    'keys',
    prepare.filmKeys,
    shards,
    { inputs: { tools }, params: { views, height, width, maxFailures } },
    RESUMED,
  );
  return { codec, latents, text, video, rolls, pictures, unreadableMidi, unreadableViews };
}

/** From raw clips to the features of all of them. The order of the lines is the way of the data. */
export function wireFeatures(builder: Builder, settings: FeatureSettings) {
  const { node } = builder;
  const clips = wireClips(builder, settings);
  const { shards, media: sounds } = node('mixtures', prepare.mixTrainingSounds, {
    inputs: { shards: clips.shards, media: clips.media },
    params: { count: settings.data.mixtures, seed: settings.seed },
  });
  const encoded = wireEncoded(builder, settings, clips, { shards, media: sounds });
  const { codec, latents, text, video, rolls, pictures, ...unreadable } = encoded;
  const { refused, unreadable: unreadableMedia } = clips;
  const { quarantined } = node('catalogue', prepare.catalogue, {
    inputs: { shards, refused, unreadable: unreadableMedia, ...unreadable, media: sounds, latents, text, video, rolls, pictures },
    params: {},
  });
  const { statistics } = node('statistics', prepare.measureLatents, { inputs: { shards, latents }, params: {} });
  return { shards, media: clips.media, codec, latents, text, video, rolls, pictures, quarantined, statistics };
}

/** The same of clips that a model is tested on, without what only training needs. */
export function wireTestFeatures(builder: Builder, settings: FeatureSettings, test: TestChoice) {
  const clips = wireClips(builder, settings, test);
  return { ...clips, ...wireEncoded(builder, settings, clips, clips) };
}

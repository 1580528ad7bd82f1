import { statSync } from 'node:fs';
import { findMediaTools } from '../../datasets/media/tools.ts';
import { folderState } from '../../datasets/sources/folder-state.ts';
import { licenceIn } from '../../datasets/sources/licence.ts';
import type { Builder } from '../../engine/define/pipeline.ts';
import { PICTURE_RATE } from './rates.ts';
import type { Settings } from './settings.ts';
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

/** From raw clips to the features of all of them. The order of the lines is the way of the data. */
export function wireFeatures(builder: Builder, settings: Settings) {
  const { node, each } = builder;
  const { seed, data, encoders, rollPredictor, maxFailures } = settings;
  const { views, height, width } = rollPredictor;
  const { tools } = node('media-tools', prepare.identifyMediaTools, { inputs: {}, params: { binary: ffmpegBinary() } });
  const filmed = [...new Set(['front' as const, ...views])];
  const set = (name: 'sounds' | 'events' | 'piano') => {
    const { clipSeconds, pieceSeconds } = data;
    const made = name === 'piano' ? { pieceSeconds, views: filmed } : { clipSeconds, views: [] };
    const params = { set: name, count: data[name], seed, ...made, licence: OWN_LICENCE };
    return node(name, prepare.synthesizeSet, { inputs: { tools }, params }).files;
  };
  const { shards: ingested, refused } = settings.sources
    ? node('ingest', prepare.ingestSources, {
        inputs: {},
        params: {
          sources: settings.sources.map((source) => {
            const licence = source.licence ?? licenceIn(source.root);
            return { ...source, state: folderState(source.root), ...(licence !== undefined && { licence }) };
          }),
          shards: settings.shards,
          maxFailures,
        },
      })
    : node('ingest', prepare.ingest, {
        inputs: { sounds: set('sounds'), events: set('events'), piano: set('piano') },
        params: { shards: settings.shards, maxFailures },
      });

  const { media, unreadable } = each(
    'media',
    prepare.extractMedia,
    ingested,
    { inputs: { tools }, params: { framesPerSecond: PICTURE_RATE, frameSize: FRAME_SIDE, maxFailures } },
    RESUMED,
  );
  const { shards, media: sounds } = node('mixtures', prepare.mixTrainingSounds, {
    inputs: { shards: ingested, media },
    params: { count: data.mixtures, seed },
  });
  const codec = wireCodec(builder, settings);
  const { latents } = each(
    'latents',
    prepare.encodeAudio,
    sounds,
    { inputs: { codec }, params: { scalar: encoders.latents ?? 'f32' } },
    RESUMED,
  );
  const text = wireText(builder, settings, shards);
  const video = wireFrames(builder, settings, { tools, shards: ingested, media });
  const { rolls, unreadable: unreadableMidi } = each('rolls', prepare.rollShard, ingested, { inputs: {}, params: { maxFailures } });
  const { pictures, unreadable: unreadableViews } = each(
    'keys',
    prepare.filmKeys,
    ingested,
    { inputs: { tools }, params: { views, height, width, maxFailures } },
    RESUMED,
  );
  const { quarantined } = node('catalogue', prepare.catalogue, {
    inputs: { shards, refused, unreadable, unreadableMidi, unreadableViews, media: sounds, latents, text, video, rolls, pictures },
    params: {},
  });
  const { statistics } = node('statistics', prepare.measureLatents, { inputs: { shards, latents }, params: {} });
  return { shards, media, codec, latents, text, video, rolls, pictures, quarantined, statistics };
}

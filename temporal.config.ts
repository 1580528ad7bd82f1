import { defineConfig } from './cli/config/define.ts';

/**
 * The one place that says what runs where. Everything but the pipelines has a default: name only what differs.
 * `cli/config/define.ts` describes every field: server, queues' slots, ports, where the data lies.
 */
export default defineConfig({
  /** Nothing starts by itself: `sostenuto schedule apply` brings them to the server. */
  schedules: {
    'champion-weekly': {
      pipeline: 'evaluate',
      settings: { models: { champion: 'models:/video-to-audio@champion' }, madeWith: 'settings:/video-to-audio@champion' },
      cron: '0 3 * * 1',
      alert: { measure: 'champion: log-mel-distance', better: 'lower', margin: 0.05 },
    },
  },
  pipelines: {
    'video-to-audio': { module: './pipelines/video-to-audio/pipeline.ts', export: 'videoToAudio' },
    codec: { module: './pipelines/codec/pipeline.ts', export: 'codec' },
    evaluate: { module: './pipelines/evaluate/pipeline.ts', export: 'evaluate' },
  },
});

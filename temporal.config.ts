import { defineConfig } from './cli/config/define.ts';

/**
 * The one place that says what runs where. Everything but the pipelines has a default: name only what differs.
 * `cli/config/define.ts` describes every field: server, queues' slots, ports, where the data lies.
 */
export default defineConfig({
  pipelines: {
    'video-to-audio': { module: './pipelines/video-to-audio/pipeline.ts', export: 'videoToAudio' },
    codec: { module: './pipelines/codec/pipeline.ts', export: 'codec' },
    evaluate: { module: './pipelines/evaluate/pipeline.ts', export: 'evaluate' },
  },
});

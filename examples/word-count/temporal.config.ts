import { defineConfig } from 'sostenuto/config';

export default defineConfig({
  pipelines: { 'word-count': { module: './pipeline.ts', export: 'wordCount' } },
});

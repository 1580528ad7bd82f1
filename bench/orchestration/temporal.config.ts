import { defineConfig } from '../../cli/config/define.ts';

/** For the bench that runs whole commands. */
export default defineConfig({
  pipelines: {
    'bench-chain': { module: './pipelines.ts', export: 'chain' },
    'bench-fanout': { module: './pipelines.ts', export: 'fanout' },
  },
});

/**
 * Time and memory of a training step (forward, backward, clip, Adam): kernel by kernel and compiled, with and without layers kept, in bfloat16, beside PyTorch and beside what the
 * products of a step take alone (`sgemm`).
 * `npm run bench:train -- [--json] [--case audio|paper|joint] [--rounds 5] [--steps 3] [--install-torch]`
 */
import { SGEMM } from './compare/compare.ts';
import { runCases } from './compare/run-cases.ts';
import { AUDIO_256, AUDIO_1024, benchCase, DEMO_JOINT, writeCase } from './flow/case.ts';

const ALL = {
  modes: ['eager', 'eager-low', 'compiled', 'compiled-low', 'compiled-bf16', SGEMM],
  torch: { script: 'train.py', modes: ['eager', 'compiled', 'bf16'] },
};
/** Processes of some GB each, all alive at once. */
const FEW = { modes: ['compiled', 'compiled-bf16', SGEMM], torch: { script: 'train.py', modes: ['eager', 'bf16'] } };

await runCases({
  name: 'train',
  cases: {
    audio: { what: 'audio DiT: width 256, 6 layers, 8 heads of 32, 256 frames, batch 8', bench: benchCase(AUDIO_256, 8, 256), rows: ALL },
    paper: {
      what: "audio DiT at the paper's width 1024, 2 of 12 layers, 16 heads of 64, 750 frames, batch 2",
      bench: benchCase(AUDIO_1024, 2, 750),
      rows: FEW,
    },
    joint: {
      what: 'joint stage of the demo: three streams, 4 layers, 150 frames, batch 8',
      bench: benchCase(DEMO_JOINT, 8, 150),
      rows: ALL,
    },
  },
  describe: ({ what, bench, rows }) => ({ what, write: (folder) => writeCase(folder, bench), ...rows }),
  script: new URL('./flow/train-row.ts', import.meta.url),
  ...ALL,
  steps: 3,
});

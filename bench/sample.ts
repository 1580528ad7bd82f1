/**
 * Time of sampling 10 s of sound (750 latent frames, 64 steps, guidance with both branches in one batch) beside PyTorch. A few of the 64 equal
 * steps are timed; `x real time` is seconds of computing for a second of sound, without the codec.
 * `npm run bench:sample -- [--json] [--case demo|audio] [--rounds 5] [--steps 4] [--install-torch]`
 */
import { runCases } from './compare/run-cases.ts';
import { AUDIO_256, benchCase, DEMO_JOINT, writeCase } from './flow/case.ts';

const [FRAMES, SECONDS] = [750, 10];

await runCases({
  name: 'sample',
  cases: {
    demo: { what: 'the demo network with three streams, one clip of 10 s', bench: benchCase(DEMO_JOINT, 1, FRAMES) },
    audio: { what: 'audio DiT: width 256, 6 layers, one clip of 10 s', bench: benchCase(AUDIO_256, 1, FRAMES) },
  },
  describe: ({ what, bench }) => ({ what, write: (folder) => writeCase(folder, bench) }),
  columns:
    ({ bench }) =>
    (median) => ({ 'x real time': Number(((median * bench.steps) / 1000 / SECONDS).toFixed(2)) }),
  script: new URL('./flow/sample-row.ts', import.meta.url),
  modes: ['eager', 'compiled'],
  torch: { script: 'sample.py', modes: ['eager', 'compiled'] },
  steps: 4,
});

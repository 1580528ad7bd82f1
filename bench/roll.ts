/**
 * Time and memory of a training step of the roll predictor (forward, backward, running estimates, clip, Adam), beside PyTorch:
 * Audeo's network with 4 windows, and the demo's with as many as a guided step sees.
 * `npm run bench:roll -- [--json] [--case audeo|demo] [--rounds 5] [--steps 3] [--install-torch]`
 */
import { runCases } from './compare/run-cases.ts';
import { ROLL_CASES, writeRollCase } from './roll/case.ts';

await runCases({
  name: 'roll',
  cases: ROLL_CASES,
  describe: (one, name) => {
    const { height, width, baseWidth } = one.predictor;
    return {
      what: `${name}: ${one.windows} windows of ${height} × ${width}, base width ${baseWidth}`,
      write: (folder) => writeRollCase(folder, one),
    };
  },
  script: new URL('./roll/roll-row.ts', import.meta.url),
  modes: ['eager', 'compiled', 'compiled-bf16'],
  torch: { script: 'roll.py', modes: ['eager', 'channels-last', 'channels-last-bf16'] },
  steps: 3,
});

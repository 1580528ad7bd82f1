/**
 * Time of sampling 10 s of sound (750 latent frames, 64 steps, guidance with both branches in one batch) beside PyTorch. A few of the 64 equal
 * steps are timed; `x real time` is seconds of computing for a second of sound, without the codec.
 * `npm run bench:sample -- [--json] [--case demo|audio] [--rounds 5] [--steps 4] [--install-torch]`
 */
import { parseArgs } from 'node:util';
import { type Compared, compare, machine } from './compare/compare.ts';
import { printComparison } from './compare/table.ts';
import { AUDIO_256, benchCase, DEMO_JOINT, writeCase } from './flow/case.ts';

const [FRAMES, SECONDS] = [750, 10];
const CASES = {
  demo: { what: 'the demo network with three streams, one clip of 10 s', bench: benchCase(DEMO_JOINT, 1, FRAMES) },
  audio: { what: 'audio DiT: width 256, 6 layers, one clip of 10 s', bench: benchCase(AUDIO_256, 1, FRAMES) },
};
const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    case: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '4' },
    'install-torch': { type: 'boolean', default: false },
  },
});
const results: Compared[] = [];
for (const [name, one] of Object.entries(CASES)) {
  if (values.case !== undefined && values.case !== name) continue;
  const result = await compare({
    what: one.what,
    write: (folder) => writeCase(folder, one.bench),
    script: new URL('./flow/sample-row.ts', import.meta.url),
    modes: ['eager', 'compiled'],
    torch: { script: 'sample.py', modes: ['eager', 'compiled'] },
    rounds: Number(values.rounds),
    steps: Number(values.steps),
    install: values['install-torch'],
  });
  results.push(result);
  const realTime = (median: number) => ({ 'x real time': Number(((median * one.bench.steps) / 1000 / SECONDS).toFixed(2)) });
  if (!values.json) printComparison(result, realTime);
}
if (values.json) console.log(JSON.stringify({ bench: 'sample', machine: machine(), results }, null, 1));
else console.log(`load ${machine().load.join(' ')}`);

/**
 * Time and memory of a training step (forward, backward, clip, Adam): kernel by kernel and compiled, with and without layers kept, in bfloat16, beside PyTorch.
 * `npm run bench:train -- [--json] [--case audio|joint] [--rounds 5] [--steps 3] [--install-torch]`
 */
import { parseArgs } from 'node:util';
import { type Compared, compare, machine } from './compare/compare.ts';
import { printComparison } from './compare/table.ts';
import { AUDIO_256, benchCase, DEMO_JOINT, writeCase } from './flow/case.ts';

const CASES = {
  audio: { what: 'audio DiT: width 256, 6 layers, 8 heads of 32, 256 frames, batch 8', bench: benchCase(AUDIO_256, 8, 256) },
  joint: { what: 'joint stage of the demo: three streams, 4 layers, 150 frames, batch 8', bench: benchCase(DEMO_JOINT, 8, 150) },
};
const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    case: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '3' },
    'install-torch': { type: 'boolean', default: false },
  },
});
const results: Compared[] = [];
for (const [name, one] of Object.entries(CASES)) {
  if (values.case !== undefined && values.case !== name) continue;
  const result = await compare({
    what: one.what,
    write: (folder) => writeCase(folder, one.bench),
    script: new URL('./flow/train-row.ts', import.meta.url),
    modes: ['eager', 'eager-low', 'compiled', 'compiled-low', 'compiled-bf16'],
    torch: { script: 'train.py', modes: ['eager', 'compiled', 'bf16'] },
    rounds: Number(values.rounds),
    steps: Number(values.steps),
    install: values['install-torch'],
  });
  results.push(result);
  if (!values.json) printComparison(result);
}
if (values.json) console.log(JSON.stringify({ bench: 'train', machine: machine(), results }, null, 1));
else console.log(`load ${machine().load.join(' ')}`);

/**
 * Time and memory of a training step of the roll predictor (forward, backward, running estimates, clip, Adam), beside PyTorch:
 * Audeo's network with 4 windows, and the demo's with as many as a guided step sees.
 * `npm run bench:roll -- [--json] [--case audeo|demo] [--rounds 5] [--steps 3] [--install-torch]`
 */
import { parseArgs } from 'node:util';
import { type Compared, compare, machine } from './compare/compare.ts';
import { printComparison } from './compare/table.ts';
import { ROLL_CASES, writeRollCase } from './roll/case.ts';

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
for (const [name, one] of Object.entries(ROLL_CASES)) {
  if (values.case !== undefined && values.case !== name) continue;
  const { height, width, baseWidth } = one.predictor;
  const result = await compare({
    what: `${name}: ${one.windows} windows of ${height} × ${width}, base width ${baseWidth}`,
    write: (folder) => writeRollCase(folder, one),
    script: new URL('./roll/roll-row.ts', import.meta.url),
    modes: ['eager', 'compiled', 'compiled-bf16'],
    torch: { script: 'roll.py', modes: ['eager', 'channels-last', 'channels-last-bf16'] },
    rounds: Number(values.rounds),
    steps: Number(values.steps),
    install: values['install-torch'],
  });
  results.push(result);
  if (!values.json) printComparison(result);
}
if (values.json) console.log(JSON.stringify({ bench: 'roll', machine: machine(), results }, null, 1));
else console.log(`load ${machine().load.join(' ')}`);

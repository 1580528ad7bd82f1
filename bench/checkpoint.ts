/**
 * How long a checkpoint of the demo network (three streams, Adam's moments, average) holds a training up until it is safe on disk,
 * beside what `torch.save` and safetensors take in Python for the same bytes.
 * `npm run bench:checkpoint -- [--json] [--rounds 9] [--every 100] [--install-torch]`; `every` is how many steps lie between two.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { openCheckpoints } from '../engine/checkpoints/checkpoints.ts';
import { openStore } from '../engine/store/store.ts';
import { loadBackend } from '../models/backend/index.ts';
import { storeFloats, writeSafetensors } from '../models/tensor/safetensors.ts';
import { type NamedArrays, snapshot, writeSnapshot } from '../models/training/state.ts';
import { machine } from './compare/compare.ts';
import { benchCase, DEMO_JOINT, writeCase } from './flow/case.ts';
import { openTraining } from './flow/training.ts';
import { median } from './measure/alternate.ts';
import { findTorch, NO_TORCH, referenceScript } from './measure/torch.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '9' },
    every: { type: 'string', default: '100' },
    'install-torch': { type: 'boolean', default: false },
  },
});
const every = Number(values.every);
const rounds = Number(values.rounds);
const { tf } = await loadBackend('auto');
const home = mkdtempSync(join(tmpdir(), 'sostenuto-bench-'));
try {
  await writeCase(home, benchCase(DEMO_JOINT, 8, 150));
  const training = await openTraining(tf, home, { averaged: true, precision: 'f32' });
  const steps = Array.from({ length: 6 }, () => timed(training.step)).slice(1); // the first one is compiled
  const interval = every * median(steps);
  const { weights, moments, average = new Map() } = snapshot(training.state, training.layouts);
  const tensors = [...weights, ...moments, ...[...average].map(([name, array]) => [`average/${name}`, array] as const)];
  const megabytes = tensors.reduce((sum, [, { data }]) => sum + data.byteLength, 0) / 1e6;
  const taken = [await ours(training), ...(await theirs(new Map(tensors)))];
  const rows = taken.map(({ row, stands, durable }) => ({
    row,
    'training stands ms': round(median(stands)),
    'of the interval, %': round((100 * median(stands)) / interval, 2),
    'on disk after ms': round(median(durable)),
  }));
  const facts = { megabytes: round(megabytes), every, 'step ms': round(median(steps)) };
  if (values.json) console.log(JSON.stringify({ bench: 'checkpoint', machine: machine(), ...facts, rows }, null, 1));
  else {
    console.log(
      Object.entries(facts)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
    );
    console.table(rows);
    console.log(`${findTorch(false) ? '' : `${NO_TORCH}\n`}load ${machine().load.join(' ')}`);
  }
} finally {
  rmSync(home, { recursive: true });
}
process.exit(0);

type Training = Awaited<ReturnType<typeof openTraining>>;
interface Taken {
  readonly row: string;
  readonly stands: readonly number[];
  readonly durable: readonly number[];
}
function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}
function timed(run: () => unknown): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}

/** As the loop saves: everything is copied to the host, written, synced and hashed before it goes on. */
async function ours({ state, layouts }: Training): Promise<Taken> {
  const checkpoints = openCheckpoints(await openStore(home), 'f'.repeat(64));
  const durable: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const begin = performance.now();
    const copy = snapshot(state, layouts);
    await checkpoints.save(round, {}, (directory) => writeSnapshot(directory, copy));
    if (round > 0) durable.push(performance.now() - begin); // at first, code is compiled
  }
  return { row: 'the loop: copied, written, synced, hashed', stands: durable, durable };
}

async function theirs(tensors: NamedArrays): Promise<Taken[]> {
  const torch = findTorch(values['install-torch']);
  if (!torch) return [];
  const file = join(home, 'state.safetensors');
  await writeSafetensors(file, new Map([...tensors].map(([name, { data, shape }]) => [name, storeFloats(data, shape)])));
  const answer = execFileSync(torch.python, [referenceScript('checkpoint.py'), file, String(rounds), home], { encoding: 'utf8' });
  return Object.entries(JSON.parse(answer) as Record<string, [number, number][]>).map(([name, times]) => ({
    row: `${name} in Python`,
    stands: times.map(([written]) => written),
    durable: times.map(([, synced]) => synced),
  }));
}

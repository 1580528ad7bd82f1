/**
 * Frozen encoders of the released sizes beside transformers, with the same random weights: Encodec's encoder on a clip of 10 s, CLIP ViT-B/32 on 16 pictures.
 * `npm run bench:encoders -- [--json] [--case encodec|clip] [--rounds 5] [--steps 3] [--threads N] [--install-torch]`
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { machine } from './compare/compare.ts';
import { alternate } from './measure/alternate.ts';
import { readRawFloats } from './measure/raw-floats.ts';
import { startRow } from './measure/row-process.ts';
import { findTransformers, referenceScript } from './measure/torch.ts';

/** What differs from transformers by more than this share of its largest value is no row. */
const BOUND = 1e-4;
const CASES = {
  encodec: { what: "Encodec's encoder, a clip of 10 s", count: 10, unit: 'seconds of sound a second' },
  clip: { what: 'CLIP ViT-B/32, 16 pictures', count: 16, unit: 'pictures a second' },
};

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    case: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '3' },
    threads: { type: 'string', default: String(availableParallelism()) },
    'install-torch': { type: 'boolean', default: false },
  },
});
const { threads } = values;
const { python, version } = findTransformers(values['install-torch']);
const folder = mkdtempSync(join(tmpdir(), 'sostenuto-bench-'));
const script = fileURLToPath(new URL('./encoders/encoder-row.ts', import.meta.url));

function difference(kind: string, mode: string): number {
  const read = (name: string) => readRawFloats(join(folder, `${kind}-${name}.out`));
  const [found, wanted] = [read(mode), read('transformers')];
  if (found.length !== wanted.length) return Number.POSITIVE_INFINITY;
  const most = (of: (i: number) => number) => wanted.reduce((largest, _, i) => Math.max(largest, Math.abs(of(i))), 0);
  return most((i) => (found[i] ?? 0) - (wanted[i] ?? 0)) / most((i) => wanted[i] ?? 0);
}

try {
  execFileSync(python, [referenceScript('encoders.py'), folder, 'write'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const results = [];
  for (const [kind, { what, count, unit }] of Object.entries(CASES)) {
    if (values.case !== undefined && values.case !== kind) continue;
    const rows = [await startRow('transformers', python, [referenceScript('encoders.py'), folder, kind, threads])];
    const differences: Record<string, number> = {};
    for (const mode of ['eager', 'compiled']) {
      const row = await startRow(mode, process.execPath, ['--import', 'tsx', script, folder, kind, mode, threads]);
      differences[mode] = difference(kind, mode);
      if (differences[mode] <= BOUND) rows.push(row);
      else {
        await row.stop();
        console.error(`${kind} ${mode} differs from transformers by ${differences[mode]} of its largest value: no row`);
      }
    }
    const measured = await alternate(rows, 'transformers', Number(values.rounds), Number(values.steps));
    results.push({
      what,
      rows: measured.map((row) => ({
        ...row,
        [unit]: Number(((1000 * count) / row.median).toFixed(1)),
        difference: differences[row.row]?.toExponential(1),
      })),
    });
  }
  if (values.json) console.log(JSON.stringify({ bench: 'encoders', machine: machine(), transformers: version, threads, results }, null, 1));
  else {
    for (const { what, rows } of results) {
      console.log(`\n${what}`);
      console.table(rows);
    }
    console.log(`transformers ${version}, ${threads} threads, load ${machine().load.join(' ')}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}

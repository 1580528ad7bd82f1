/** A row of ours: `read-row.ts FOLDER batches|read-ahead|pread`; `pread` only moves as many bytes from the same files. */
import { openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { readStoredAhead } from '../../datasets/features/read-ahead.ts';
import { openStoredBatches, type StoredValues, sharedValues } from '../../datasets/features/sequences.ts';
import { fromHalfBits } from '../../numeric/float16.ts';
import { maxRss, serveRow } from '../measure/serve-row.ts';
import { BATCHES, groupsIn, plan, ROWS, WIDTH } from './case.ts';

const [folder = '', mode = '', scalar = 'f32'] = process.argv.slice(2);
/** One after the other, so that a step is long enough to be timed. */
async function several(read: () => unknown): Promise<void> {
  for (let i = 0; i < BATCHES; i++) await read();
}
const total = (values: StoredValues) =>
  (values instanceof Uint16Array ? fromHalfBits(values) : Float32Array.from(values)).reduce((sum, value) => sum + value, 0);
let step = 0;

if (mode === 'pread') {
  const { files, draws }: { files: string[]; draws: [number, number][][] } = JSON.parse(readFileSync(join(folder, 'draws.json'), 'utf8'));
  const open = files.map((path) => openSync(path, 'r'));
  const bytes = ROWS * WIDTH * (scalar === 'f32' ? 4 : 2);
  const buffer = Buffer.alloc(plan.batch * bytes);
  const read = () => {
    for (const [i, [file, clip]] of (draws[step++ % draws.length] ?? []).entries())
      readSync(open[file] ?? -1, buffer, i * bytes, bytes, 1024 + clip * bytes);
  };
  await serveRow(maxRss(), {}, () => several(read));
} else if (mode === 'batches') {
  const batches = openStoredBatches(groupsIn(folder), plan);
  const out = sharedValues(batches.scalar, batches.size);
  const { values } = batches.read(step++, out);
  await serveRow(maxRss(), { sum: total(values) }, () => several(() => batches.read(step++, out)));
} else {
  const batches = readStoredAhead(groupsIn(folder), plan);
  const { values } = await batches.read(step++);
  await serveRow(maxRss(), { sum: total(values) }, () => several(() => batches.read(step++)));
}

/**
 * What data costs: batches out of feature shards beside plain reads and Python's loaders, frames and sound out of films beside ffmpeg alone, and the
 * memory of a long way through many clips. `npm run bench:data -- [--json] [--rounds 7] [--steps 5] [--only reading|extraction|memory] [--install-peers]`
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machine } from './compare/compare.ts';
import { measureExtraction } from './data/extraction.ts';
import { measureMemory } from './data/memory.ts';
import { measureReading, type Reading } from './data/reading.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string', default: '7' },
    steps: { type: 'string', default: '5' },
    'install-peers': { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const home = mkdtempSync(join(tmpdir(), 'sostenuto-bench-'));
try {
  const asked = (part: string) => values.only === undefined || values.only === part;
  const memory = asked('memory') ? measureMemory(home) : undefined;
  const options = { rounds, steps: Number(values.steps), install: values['install-peers'] };
  const reading: Reading[] = [];
  if (asked('reading')) for (const scalar of ['f32', 'f16'] as const) reading.push(await measureReading(home, scalar, options));
  const extraction = asked('extraction') ? await measureExtraction(home, rounds) : undefined;
  if (values.json) console.log(JSON.stringify({ bench: 'data', machine: machine(), reading, extraction, memory }, null, 1));
  else {
    for (const { what, notes, rows } of reading) {
      console.log(`\n${what}\n${notes.join('\n')}`);
      console.table(rows);
    }
    if (extraction) {
      console.log(`\n${extraction.what}`);
      console.table(extraction.rows);
    }
    if (memory) {
      const { what, before, written, reading: told, training } = memory;
      console.log(
        `\n${what}: ${before} MB at the start, ${written} when written, while reading ${told.join(' ')}, in a training ${training.join(' ')}`,
      );
    }
    console.log(`load ${machine().load.join(' ')}`);
  }
} finally {
  rmSync(home, { recursive: true });
}

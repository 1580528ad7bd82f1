/**
 * What data costs: batches out of feature shards beside plain reads and Python's loaders, frames and sound out of films beside ffmpeg alone, and the
 * memory of a long way through many clips. `npm run bench:data -- [--json] [--rounds 7] [--steps 30] [--install-peers]`
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machine } from './compare/compare.ts';
import { measureExtraction } from './data/extraction.ts';
import { measureMemory } from './data/memory.ts';
import { measureReading } from './data/reading.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '7' },
    steps: { type: 'string', default: '30' },
    'install-peers': { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const home = mkdtempSync(join(tmpdir(), 'sostenuto-bench-'));
try {
  const memory = measureMemory(home);
  const options = { rounds, steps: Number(values.steps), install: values['install-peers'] };
  const reading = [await measureReading(home, 'f32', options), await measureReading(home, 'f16', options)];
  const extraction = await measureExtraction(home, rounds);
  if (values.json) console.log(JSON.stringify({ bench: 'data', machine: machine(), reading, extraction, memory }, null, 1));
  else {
    for (const { what, notes, rows } of reading) {
      console.log(`\n${what}\n${notes.join('\n')}`);
      console.table(rows);
    }
    console.log(`\n${extraction.what}`);
    console.table(extraction.rows);
    console.log(
      `\n${memory.what}: ${memory.before} MB at the start, ${memory.written} when written, while reading ${memory.reading.join(' ')}`,
    );
    console.log(`load ${machine().load.join(' ')}`);
  }
} finally {
  rmSync(home, { recursive: true });
}

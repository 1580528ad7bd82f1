import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { alternate } from '../measure/alternate.ts';
import { findDataPeers, NO_PEERS } from '../measure/data-peers.ts';
import { type RowProcess, startRow } from '../measure/row-process.ts';
import { referenceScript } from '../measure/torch.ts';
import { BATCHES, plan, ROWS, WIDTH, writeDraws, writeShards } from './case.ts';

const CLIPS = 768;
const OURS = ['pread', 'batches', 'read-ahead'];
const PEERS = ['datasets-numpy', 'datasets-arrow', 'dataloader-0', 'dataloader-2'];

export interface Reading {
  readonly what: string;
  readonly rows: readonly {
    readonly row: string;
    readonly 'MB/s': number;
    readonly 'of pread': number;
    readonly 'in rounds': string;
    readonly 'MB at most': number;
  }[];
  readonly notes: readonly string[];
}

/** Batches of whole clips out of Arrow files, drawn at random, beside the plain reads of as many bytes and beside Python's loaders on the same files. */
export async function measureReading(
  home: string,
  scalar: 'f32' | 'f16',
  { rounds, steps, install }: { rounds: number; steps: number; install: boolean },
): Promise<Reading> {
  const folder = join(home, scalar);
  mkdirSync(folder);
  writeShards(folder, scalar, CLIPS);
  writeDraws(folder, 200);
  const notes: string[] = [];
  const script = fileURLToPath(new URL('./read-row.ts', import.meta.url));
  const peers = findDataPeers(install);
  notes.push(peers?.versions ?? NO_PEERS);
  const starts = [
    ...OURS.map((mode) => [mode, () => startRow(mode, process.execPath, ['--import', 'tsx', script, folder, mode, scalar])] as const),
    ...(peers ? PEERS : []).map(
      (mode) => [mode, () => startRow(mode, peers?.python ?? '', [referenceScript('data.py'), folder, mode])] as const,
    ),
  ];
  const alive: RowProcess[] = [];
  for (const [name, start] of starts) {
    try {
      const row = await start();
      const [own, wanted] = [row.first.sum, alive.find(({ first }) => first.sum !== undefined)?.first.sum];
      if (own === undefined || wanted === undefined || Math.abs(own - wanted) < 1e-3 * Math.abs(wanted)) alive.push(row);
      else {
        notes.push(`${name} is left out: it read other values (their sum is ${own}, not ${wanted})`);
        await row.stop();
      }
    } catch (error) {
      notes.push(`${name} is left out: ${error instanceof Error ? error.message.trim().split('\n').at(-1) : error}`);
    }
  }
  const megabytes = (plan.batch * ROWS * WIDTH * (scalar === 'f32' ? 4 : 2)) / 1e6;
  const measured = await alternate(alive, 'pread', rounds, steps);
  const rows = measured.map(({ row, median, ratio, ratios, maxRss }) => ({
    row,
    'MB/s': Math.round((1000 * BATCHES * megabytes) / median),
    'of pread': Number((1 / ratio).toFixed(2)),
    'in rounds': ratios
      .map((value) => (1 / value).toFixed(2))
      .reverse()
      .join('–'),
    'MB at most': maxRss,
  }));
  return { what: `${CLIPS} clips of ${ROWS} × ${WIDTH} ${scalar}, ${plan.batch} a batch, ${megabytes.toFixed(1)} MB`, rows, notes };
}

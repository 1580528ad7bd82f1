import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { alternate, type Measured } from '../measure/alternate.ts';
import { readRawFloats } from '../measure/raw-floats.ts';
import { type RowProcess, startRow } from '../measure/row-process.ts';
import { findTorch, NO_TORCH, referenceScript } from '../measure/torch.ts';

export interface Comparison {
  readonly what: string;
  /** Writes what every row reads. */
  readonly write: (folder: string) => Promise<void>;
  /** Of ours: a script beside bench/compare's, which is called with folder, mode and threads. The first mode is what others are compared with. */
  readonly script: URL;
  readonly modes: readonly string[];
  /** Of PyTorch: a script in bench/reference, called alike. */
  readonly torch: { readonly script: string; readonly modes: readonly string[] };
  readonly rounds: number;
  readonly steps: number;
  readonly install: boolean;
}
export interface Compared {
  readonly what: string;
  readonly rows: readonly (Measured & {
    readonly difference: number;
    /** Of the machine's rate of float32 products: how much of the step the row `sgemm` takes for the step's products. */
    readonly share?: number;
  })[];
  readonly notes: readonly string[];
}

/** As the worker starts the processes of trainings. */
const AS_WORKER = { MALLOC_ARENA_MAX: '1' };
/** The C library keeps what was freed: with its defaults PyTorch's eager row takes up to twice as long in sampling. Ours gains nothing by it. */
const KEEP_MEMORY = { MALLOC_MMAP_THRESHOLD_: '4000000000', MALLOC_TRIM_THRESHOLD_: '4000000000' };
const TOLERANCE = 1e-4;
/** Rounded to 8 bits of mantissa, products differ by a hundredth. */
const ROUNDED_TOLERANCE = 0.1;
const toleranceOf = (row: string): number => (row.includes('bf16') ? ROUNDED_TOLERANCE : TOLERANCE);
const PYTORCH = 'pytorch-eager';
/** The mode of a row that computes nothing but as many float32 products as a step has: not compared, a measure for the others. */
export const SGEMM = 'sgemm';

export const machine = () => ({
  cpu: cpus()[0]?.model,
  cores: availableParallelism(),
  load: loadavg().map((value) => Number(value.toFixed(1))),
});

/**
 * Ours in several modes beside PyTorch on one case. A row whose prediction, loss or gradient norm differs from that of our first mode by more
 * than 1e-4 (of values near 1; in bfloat16, 0.1) is left out with a note: it would measure something else.
 */
export async function compare({ what, write, script, modes, torch: reference, rounds, steps, install }: Comparison): Promise<Compared> {
  const folder = mkdtempSync(join(tmpdir(), 'sostenuto-bench-'));
  const notes: string[] = [];
  const threads = String(availableParallelism());
  try {
    await write(folder);
    const own = fileURLToPath(script);
    const torch = findTorch(install);
    if (torch) notes.push(`PyTorch ${torch.version}`);
    else notes.push(NO_TORCH);
    const starts = [
      ...modes.map(
        (mode) => [mode, () => startRow(mode, process.execPath, ['--import', 'tsx', own, folder, mode, threads], AS_WORKER)] as const,
      ),
      ...(torch ? reference.modes : []).map((mode) => {
        const name = `pytorch-${mode}`;
        return [
          name,
          () => startRow(name, torch?.python ?? '', [referenceScript(reference.script), folder, mode, threads], KEEP_MEMORY),
        ] as const;
      }),
    ];
    const rowsAndDifferences: [RowProcess, number][] = [];
    for (const [name, start] of starts) {
      try {
        const row = await start();
        const first = rowsAndDifferences[0]?.[0] ?? row;
        const difference = name === SGEMM ? 0 : farthest(folder, first, row);
        if (name === SGEMM) notes.push(`a step has ${row.first['gigaOperations']?.toFixed(1)} billion operations of products`);
        if (difference <= toleranceOf(name)) rowsAndDifferences.push([row, difference]);
        else notes.push(`${name} is left out: it differs by ${difference} (its processes took ${await row.stop()} MB)`);
      } catch (error) {
        notes.push(`${name} is left out: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    const alive = rowsAndDifferences.map(([row]) => row);
    const against = alive.some(({ name }) => name === PYTORCH) ? PYTORCH : 'compiled';
    const measured = await alternate(alive, against, rounds, steps);
    const sgemm = measured.find(({ row }) => row === SGEMM);
    return {
      what,
      notes,
      rows: measured.map((row, i) => ({
        ...row,
        difference: rowsAndDifferences[i]?.[1] ?? Number.NaN,
        ...(sgemm && { share: Number((sgemm.ratio / row.ratio).toFixed(2)) }),
      })),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The largest difference of two rows: of predicted values, and relative of the numbers of the first step. */
function farthest(folder: string, a: RowProcess, b: RowProcess): number {
  const read = ({ name }: RowProcess) => readRawFloats(predictionFile(folder, name));
  const [left, right] = [read(a), read(b)];
  if (left.length !== right.length) return Number.POSITIVE_INFINITY;
  const predicted = left.reduce((most, value, i) => Math.max(most, Math.abs(value - (right[i] ?? Number.NaN))), 0);
  const numbers = Object.entries(a.first).map(([name, value]) => Math.abs(value - (b.first[name] ?? Number.NaN)) / Math.abs(value));
  return Math.max(predicted, ...numbers);
}

/** What a row predicts before its first step, to be compared. */
export const predictionFile = (folder: string, row: string): string => join(folder, `${row}.f32`);

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { layers } from '../layers/rules.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Written like codes, but names of variables of the environment, of a library or of the system. */
const otherNames =
  /^(?:SOSTENUTO_|TEMPORAL_CLI_PATH$|TEMPORAL_ADDRESS$|FFMPEG_PATH$|FFPROBE_PATH$|WASM_|FTB2_|TF_|MLFLOW_|HF_ENDPOINT$|ENOSPC$|RESOURCE_|ENDPOINT_NOT_FOUND$|LOGGED_MODEL_READY$)/;

/** Codes in a source: any upper-case word of several parts, and any word that is said to be a code. */
function codesIn(source: string): string[] {
  const found = [...source.matchAll(/\bcode: '([A-Z][A-Z0-9_]*)'|'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'/g)];
  return found.map(([, said, shaped]) => said ?? shaped ?? '').filter((code) => !otherNames.test(code));
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => readFileSync(`${entry.parentPath}/${entry.name}`, 'utf8'));
}

const inCode = new Set(layers.flatMap((layer) => sources(`${root}/${layer}`)).flatMap(codesIn));
const rows = readFileSync(`${root}/docs/errors.md`, 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `'));
const inTable = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([A-Z0-9_*]+)`/g)].map(([, code = '']) => code));

test('every code has a row in docs/errors.md, and no row is left over', () => {
  // `SYSTEM_*` stands for a family that is made at run time.
  expect(inTable.filter((code) => code !== 'SYSTEM_*').sort()).toEqual([...inCode].sort());
});

test('no code stands twice', () => expect(inTable).toEqual([...new Set(inTable)]));

test('every row has a meaning, a way out and whether it is tried again', () => {
  for (const row of rows)
    expect(
      row
        .split('|')
        .slice(2, 5)
        .every((cell) => cell.trim() !== ''),
      row,
    ).toBe(true);
});

test('codes are found however they are written', () => {
  expect(codesIn("fail({ code: 'CYCLE' }); problem('MANIFEST_ROW', 'x'); process.env['SOSTENUTO_HOME']; const a = 'Plain';")).toEqual([
    'CYCLE',
    'MANIFEST_ROW',
  ]);
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readJudgmentsCsv } from '../../../cli/label/judgments-csv.ts';
import { SostenutoError } from '../../../errors/problem.ts';

const folder = mkdtempSync(join(tmpdir(), 'sostenuto-csv-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'votes.csv');
const pairs = [{ id: '0a1b2c' }, { id: '3d4e5f' }];
const read = (text: string | Uint8Array) => {
  writeFileSync(path, text);
  return readJudgmentsCsv(path, pairs);
};
function problemsOf(text: string | Uint8Array): string[] {
  try {
    read(text);
  } catch (error) {
    if (error instanceof SostenutoError) return error.problems.map(({ code, where }) => `${code} ${where?.replace(`${folder}/`, '')}`);
  }
  return [];
}

test('a table of judgments is read, its columns in any order', () => {
  expect(read('judge,pair,choice\r\nada,0a1b2c,a\r\n"Bob, the elder",3d4e5f, tie \r\n')).toEqual([
    { pair: '0a1b2c', judge: 'ada', choice: 'a' },
    { pair: '3d4e5f', judge: 'Bob, the elder', choice: 'tie' },
  ]);
});

describe('a table with mistakes', () => {
  test('has every one of them told, with its line', () => {
    const text = 'pair,judge,choice\n0a1b2d,ada,a\n3d4e5f,,b\n0a1b2c,ada,c\n0a1b2c\n3d4e5f,bob,b\n3d4e5f,bob,a\n';
    expect(problemsOf(text)).toEqual([
      'BAD_JUDGMENTS votes.csv:5',
      'BAD_JUDGMENTS votes.csv:2',
      'BAD_JUDGMENTS votes.csv:3',
      'BAD_JUDGMENTS votes.csv:4',
      'BAD_JUDGMENTS votes.csv:7',
    ]);
    expect(() => read(text)).toThrow(/Did you mean "0a1b2c"[\s\S]*also on line 6/);
  });

  test.each([
    ['pair,choice\n0a1b2c,a\n', 'BAD_JUDGMENTS votes.csv:1'],
    ['pair,judge,choice\n', 'BAD_JUDGMENTS votes.csv'],
    ['', 'BAD_JUDGMENTS votes.csv:1'],
    ['pair,judge,choice\n0a1b2c,"ada,a\n', 'BAD_JUDGMENTS votes.csv:2'],
    [new Uint8Array([0xff, 0xfe, 0x41, 0]), 'MANIFEST_ENCODING votes.csv'],
  ])('%j is refused', (text, problem) => {
    expect(problemsOf(text)[0]).toBe(problem);
  });

  test('a file that is not there is named', () => {
    expect(() => readJudgmentsCsv(join(folder, 'nothing.csv'), pairs)).toThrow(/cannot be opened[\s\S]*nothing\.csv/);
  });
});

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { RunReport } from '../../activities/messages.ts';
import { openStore } from '../../engine/store/store.ts';
import { CommandLine, exampleFolder } from '../cli/support/command-line.ts';
import { freePort, hasServer } from '../end-to-end/fixtures/server.ts';

test('the example fits on a page: at most 40 lines of code', () => {
  const lines = readFileSync(join(exampleFolder, 'pipeline.ts'), 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
  expect(lines.length).toBeLessThanOrEqual(40);
});

describe.runIf(hasServer)('the example', async () => {
  const sostenuto = new CommandLine({ ports: [await freePort(), await freePort()] });
  const texts = mkdtempSync(join(tmpdir(), 'sostenuto-texts-'));
  cpSync(join(exampleFolder, 'texts'), texts, { recursive: true });
  afterAll(async () => {
    await sostenuto.end();
    rmSync(texts, { recursive: true, force: true });
  });

  async function run(...settings: string[]): Promise<RunReport> {
    const { json, stderr } = await sostenuto.run('run', 'word-count', '--json', '--set', `folder=${texts}`, ...settings);
    const report = json<RunReport>();
    expect(report.status, stderr).toBe('done');
    return report;
  }
  const decisions = ({ nodes }: RunReport) => nodes.map(({ id, cache }) => `${id} ${cache}`);
  async function ranking({ nodes }: RunReport): Promise<[string, number][]> {
    const { digest, bytes } = nodes.find(({ id }) => id === 'ranking')?.outputs['ranking'] ?? { digest: '', bytes: 0 };
    return (await openStore(sostenuto.home)).readJson({ form: 'json', digest, bytes });
  }

  // Counted with `tr A-Z a-z | grep -oP '\p{L}+' | sort | uniq -c`.
  test('counts the words of all texts', async () => {
    const report = await run();
    expect(decisions(report)).toEqual(['texts miss', 'counts miss', 'ranking miss']);
    expect(await ranking(report)).toEqual([
      ['the', 10],
      ['and', 4],
      ['a', 3],
      ['light', 3],
      ['pieces', 3],
    ]);
  });

  test('an edited text is counted again, and only that one', async () => {
    writeFileSync(join(texts, 'sea.txt'), 'Sea, sea, sea.');
    const report = await run();
    expect(decisions(report)).toEqual(['texts miss', 'counts miss', 'ranking miss']);
    expect(report.nodes.find(({ id }) => id === 'counts')?.elements).toEqual({ total: 3, ran: 1, hits: 2, quarantined: 0 });
    expect((await ranking(report)).slice(0, 2)).toEqual([
      ['the', 6],
      ['a', 3],
    ]);
  });

  test('a setting that one node reads runs that node alone', async () => {
    const report = await run('--set', 'top=1');
    expect(decisions(report)).toEqual(['texts hit', 'counts hit', 'ranking miss']);
    expect(await ranking(report)).toEqual([['the', 6]]);
  });

  test('the same once more runs nothing', async () => {
    expect(decisions(await run('--set', 'top=1'))).toEqual(['texts hit', 'counts hit', 'ranking hit']);
  });
});

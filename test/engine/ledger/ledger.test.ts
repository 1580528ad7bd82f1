import { spawn } from 'node:child_process';
import { appendFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { openLedger } from '../../../engine/ledger/ledger.ts';
import { tableNames } from '../../../engine/ledger/tables.ts';
import { temporaryFolder } from '../support/folders.ts';

const metric = (step: number, value: number) => ({ run: 'r1', node: 'train', name: 'loss', step, value });
const losses = 'SELECT step, value FROM metrics ORDER BY step';
const files = (home: string, table: string) => readdirSync(join(home, 'ledger', table)).sort();

describe('the ledger', () => {
  test('has typed, empty tables before anything was written', async () => {
    const ledger = openLedger(temporaryFolder());
    for (const table of tableNames) expect(await ledger.query(`SELECT * FROM ${table}`)).toEqual([]);
    const columns = await ledger.query(
      "SELECT column_type FROM (DESCRIBE metrics) WHERE column_name IN ('step', 'value', 'at') ORDER BY column_name",
    );
    expect(columns.map((row) => row['column_type'])).toEqual(['TIMESTAMP', 'BIGINT', 'DOUBLE']);
  });

  test('shows what was flushed, from any process, as plain values', async () => {
    const home = temporaryFolder();
    const ledger = openLedger(home);
    ledger.append('runs', [{ run: 'r1', pipeline: 'demo', status: 'done', startedAt: '2026-01-02T03:04:05.678Z', seconds: 1.5 }]);
    expect(await openLedger(home).query('SELECT * FROM runs')).toEqual([]);
    await ledger.flush();
    const [row] = await openLedger(home).query('SELECT * FROM runs');
    expect(row).toMatchObject({
      run: 'r1',
      pipeline: 'demo',
      status: 'done',
      startedAt: '2026-01-02T03:04:05.678Z',
      seconds: 1.5,
      error: null,
    });
    expect(await ledger.query('SELECT count(*) AS runs FROM runs WHERE pipeline = ?', ['demo'])).toEqual([{ runs: 1 }]);
  });

  test('shows the row written last of those with the same identity', async () => {
    const ledger = openLedger(temporaryFolder());
    ledger.append('metrics', [metric(1, 0.5), metric(2, 0.4), metric(1, 0.3)]);
    ledger.append('runs', [{ run: 'r1', pipeline: 'p', status: 'running' }]);
    await ledger.flush();
    ledger.append('runs', [{ run: 'r1', pipeline: 'p', status: 'done' }]);
    ledger.append('nodes', [
      { run: 'r1', node: 'n', task: 't', status: 'done' },
      { run: 'r1', node: 'n', item: 'a', task: 't', status: 'done' },
    ]);
    await ledger.flush();
    expect(await ledger.query(losses)).toEqual([
      { step: 1, value: 0.3 },
      { step: 2, value: 0.4 },
    ]);
    expect(await ledger.query('SELECT status FROM runs')).toEqual([{ status: 'done' }]);
    expect(await ledger.query('SELECT item FROM nodes ORDER BY item NULLS FIRST')).toEqual([{ item: null }, { item: 'a' }]);
  });

  test('steps over a line that a dying process left unfinished', async () => {
    const home = temporaryFolder();
    const ledger = openLedger(home);
    ledger.append('metrics', [metric(1, 0.5)]);
    await ledger.flush();
    const [segment] = files(home, 'metrics');
    appendFileSync(join(home, 'ledger/metrics', segment ?? ''), '{"run":"r1","node":"train","name":"loss","st');
    expect(await ledger.query(losses)).toEqual([{ step: 1, value: 0.5 }]);
    await ledger.compact();
    expect(await ledger.query(losses)).toEqual([{ step: 1, value: 0.5 }]);
  });

  test('keeps a row whose time or figure cannot be read', async () => {
    const ledger = openLedger(temporaryFolder());
    ledger.append('metrics', [{ ...metric(1, Number.NaN), at: 'yesterday' }]);
    await ledger.flush();
    expect(await ledger.query('SELECT step, value, "at" FROM metrics')).toEqual([{ step: 1, value: null, at: null }]);
  });

  test('refuses unknown columns and unreadable queries in words', async () => {
    const ledger = openLedger(temporaryFolder());
    expect(() => ledger.append('runs', [JSON.parse('{"run":"r","pipelin":"p"}')])).toThrow(
      expect.objectContaining({ code: 'BAD_ROW', problems: [expect.objectContaining({ found: 'pipelin' })] }),
    );
    await expect(ledger.query('SELECT * FROM run')).rejects.toMatchObject({ code: 'BAD_QUERY' });
    await expect(ledger.query('SELECT max(at) FROM metrics')).rejects.toThrow('The column at is written "at".');
    expect(await ledger.query('SELECT max("at") AS newest FROM metrics')).toHaveLength(1);
  });
});

describe('compaction', () => {
  test('moves rows into Parquet, and every query says the same as before', async () => {
    const home = temporaryFolder();
    const ledger = openLedger(home);
    for (let round = 0; round < 10; round++) {
      ledger.append('metrics', [metric(round, round / 10), metric(0, round)]);
      ledger.append('artifacts', [{ run: 'r1', node: `n${round}`, output: 'o', form: 'json', digest: 'd', bytes: 5_000_000_000 }]);
      await ledger.flush();
      const before = [await ledger.query(losses), await ledger.query('SELECT * FROM artifacts ORDER BY node')];
      expect(await ledger.compact()).toMatchObject({ isBusy: false });
      expect([await ledger.query(losses), await ledger.query('SELECT * FROM artifacts ORDER BY node')]).toEqual(before);
    }
    expect(files(home, 'metrics').filter((name) => name.endsWith('.parquet')).length).toBeLessThanOrEqual(10);
    expect(files(home, 'metrics').filter((name) => name.endsWith('.jsonl'))).toHaveLength(1);
    expect(await ledger.query('SELECT count(*) AS n, max(bytes) AS bytes FROM artifacts')).toEqual([{ n: 10, bytes: 5_000_000_000 }]);
  });

  test('leaves the open segment of another writer alone, and its later rows count', async () => {
    const home = temporaryFolder();
    const [writer, other] = [openLedger(home), openLedger(home)];
    writer.append('metrics', [metric(1, 0.5)]);
    await writer.flush();
    other.append('metrics', [metric(2, 0.4)]);
    await other.compact();
    writer.append('metrics', [metric(3, 0.3), metric(2, 0.2)]);
    await writer.flush();
    expect(await other.query(losses)).toEqual([1, 2, 3].map((step) => ({ step, value: [0, 0.5, 0.2, 0.3][step] })));
  });

  test('that dies before it is valid changes nothing', async () => {
    const home = temporaryFolder();
    const ledger = openLedger(home);
    ledger.append('metrics', [metric(1, 0.5)]);
    await ledger.close();
    // Parquet written, list of valid files not yet replaced.
    writeFileSync(join(home, 'ledger/metrics/000000001-1.parquet'), 'half a file');
    expect(await ledger.query(losses)).toEqual([{ step: 1, value: 0.5 }]);
    await ledger.compact();
    expect(await ledger.query(losses)).toEqual([{ step: 1, value: 0.5 }]);
    expect(files(home, 'metrics')).not.toContain('000000001-1.parquet');
  });

  test('takes over the segment of a process that was killed, and loses nothing that it had flushed', async () => {
    const home = temporaryFolder();
    const module = (name: string) => JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../../engine', name)).href);
    const file = join(temporaryFolder(), 'writer.mts');
    writeFileSync(
      file,
      `import { openLedger } from ${module('ledger/ledger.ts')};
const ledger = openLedger(${JSON.stringify(home)});
for (let step = 1; ; step++) {
  ledger.append('metrics', [{ run: 'r1', node: 'train', name: 'loss', step, value: 1 / step }]);
  await ledger.flush();
  console.log(step);
  await new Promise((go) => setImmediate(go));
}`,
    );
    const writer = spawn(process.execPath, ['--import', 'tsx', file], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: join(import.meta.dirname, '../../..'),
    });
    const ledger = openLedger(home);
    let last = 0;
    for await (const line of createInterface({ input: writer.stdout })) {
      last = Number(line);
      if (last === 20) await ledger.compact();
      if (last === 40) writer.kill('SIGKILL');
    }
    const rows = async () => (await ledger.query('SELECT count(*) AS n, max(step) AS last FROM metrics'))[0];
    const before = await rows();
    expect(before?.['last']).toBeGreaterThanOrEqual(last);
    expect(before?.['n']).toBe(before?.['last']);
    expect((await ledger.compact()).rows.metrics).toBe(before?.['n']);
    expect(await rows()).toEqual(before);
  });
});

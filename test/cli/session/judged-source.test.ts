import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isModel, judgedModels, judgedSource, judgedSystems } from '../../../cli/session/judged-source.ts';
import { openLedger } from '../../../engine/ledger/ledger.ts';

const home = mkdtempSync(join(tmpdir(), 'judged-'));
afterAll(() => rmSync(home, { recursive: true }));
const folder = join(home, 'sounds');
mkdirSync(folder);

describe('what is to be judged', () => {
  it('is a folder, called as it is or as one says', async () => {
    expect(await judgedSource(home, folder)).toEqual({ name: 'sounds', source: folder });
    expect(await judgedSource(home, `Diff-Foley=${folder}`)).toEqual({ name: 'Diff-Foley', source: folder });
  });
  it('is a node of the newest run of a name', async () => {
    const ledger = openLedger(home);
    const run = (id: string, at: string) => ({ run: `v2a-1/${id}`, pipeline: 'video-to-audio', status: 'done', startedAt: at });
    ledger.append('runs', [run('x', '2026-01-01T00:00:00Z'), run('y', '2026-01-02T00:00:00Z')]);
    const made = (id: string, digest: string) => ({
      run: `v2a-1/${id}`,
      node: 'velocity-samples',
      output: 'generated',
      form: 'tree',
      digest,
      bytes: 1,
    });
    ledger.append('artifacts', [made('x', 'a'.repeat(64)), made('y', 'b'.repeat(64))]);
    await ledger.close();
    expect(await judgedSource(home, 'v2a-1:velocity-samples')).toEqual({ name: 'velocity-samples', source: 'b'.repeat(64) });
    await expect(judgedSource(home, 'v2a-1:text')).rejects.toMatchObject({
      code: 'BAD_USAGE',
      problems: [expect.objectContaining({ expected: 'v2a-1:velocity-samples' })],
    });
  });
  it('is refused where it is nothing, or named as another one', async () => {
    await expect(judgedSource(home, '/nowhere')).rejects.toMatchObject({ code: 'BAD_USAGE' });
    await expect(judgedSystems(home, [folder, `sounds=${folder}`])).rejects.toThrow(/Two systems are called sounds/);
  });
});

describe('models to be sampled anew', () => {
  it('are told from folders, named after themselves unless a name is given, and bring the settings of their run', () => {
    expect(['models:/m@champion', 'best=models:/m/3', 'models', 'a=models'].map(isModel)).toEqual([true, true, false, false]);
    expect(judgedModels(['models:/My.Model@champion', 'old=models:/My.Model/3'], ['vggsound=/data/vgg', '/data/own'])).toEqual({
      models: { 'my-model': 'models:/My.Model@champion', old: 'models:/My.Model/3' },
      madeWith: 'settings:/My.Model@champion',
      test: {
        sources: [
          { kind: 'vggsound', root: '/data/vgg' },
          { kind: 'folder', root: '/data/own' },
        ],
      },
    });
    expect(judgedModels([], [])).toEqual({});
  });
  it('have names of their own, and sets are for models', () => {
    expect(() => judgedModels(['models:/m@champion', 'models:/m/3'], [])).toThrow(/Two models are called m/);
    expect(() => judgedModels([], ['/data/own'])).toThrow(/No model is sampled/);
  });
});

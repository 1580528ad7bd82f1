import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLedger } from '../../engine/ledger/ledger.ts';
import { releasedName } from '../../models/network/released-names.ts';
import { storeFloats, writeSafetensors } from '../../models/tensor/safetensors.ts';
import { modelShapes } from '../../models/training/flow/released-weights.ts';
import { normal } from '../../numeric/random.ts';
import { modelsOf } from '../../pipelines/video-to-audio/models.ts';
import { presets } from '../../pipelines/video-to-audio/presets.ts';
import { CommandLine } from './support/command-line.ts';

const sostenuto = new CommandLine({ folder: fileURLToPath(new URL('../..', import.meta.url)) });
afterAll(() => sostenuto.end());

const elements = (shape: readonly number[]) => shape.reduce((product, side) => product * side, 1);
const released = [...modelShapes(modelsOf(presets.tiny).joint)].map(([name, { shape }]) => {
  return [releasedName(name), storeFloats(normal({ seed: 1, purpose: name }, elements(shape)), shape)] as const;
});
const at = (name: string) => join(sostenuto.home, name);
interface Printed {
  setting: string;
  parameters: number;
  artifact: { form: string; digest: string; bytes: number };
}
let imported: Printed;
beforeAll(async () => {
  await writeSafetensors(at('base.safetensors'), new Map(released));
  const { json } = await sostenuto.here('weights', 'import', at('base.safetensors'), '--stage', 'joint', '--preset', 'tiny', '--json');
  imported = json<Printed>();
});

describe('weights that were taken in', () => {
  test('are named by a digest, which is a setting to start from', async () => {
    expect(imported.setting).toBe(`weights.joint=${imported.artifact.digest}`);
    const { code, json } = await sostenuto.here('plan', 'video-to-audio', '--preset', 'tiny', '--set', imported.setting, '--json');
    const { nodes } = json<{ nodes: { id: string; params: unknown; inputs: Record<string, { node: string }> }[] }>();
    expect(nodes.find(({ id }) => id === 'joint')?.inputs.before?.node).toBe('joint-weights');
    expect(nodes.find(({ id }) => id === 'joint-weights')?.params).toEqual({ digest: imported.artifact.digest });
    expect(code).toBe(0);
  });

  test('are listed as a result, so that they are kept', async () => {
    const { json } = await sostenuto.here('cache', 'ls', '--task', 'importWeights', '--json');
    const { actions } = json<{ actions: { node: string; params: { stage: string; sha256: string }; outputs: unknown }[] }>();
    expect(actions).toMatchObject([{ node: 'joint-weights', params: { stage: 'joint' }, outputs: { model: imported.artifact } }]);
  });

  test('give out the same bytes when they were given out and taken in again', async () => {
    const { code } = await sostenuto.here('weights', 'export', imported.artifact.digest, at('one.safetensors'));
    expect(code).toBe(0);
    const { stdout } = await sostenuto.here('weights', 'import', at('one.safetensors'), '--stage', 'joint', '--preset', 'tiny');
    const again = stdout.trim().replace('weights.joint=', '');
    expect(again).not.toBe(imported.artifact.digest); // it says from which file it is
    await sostenuto.here('weights', 'export', again, at('two.safetensors'));
    expect(readFileSync(at('two.safetensors')).toString('base64')).toBe(readFileSync(at('one.safetensors')).toString('base64'));
  });

  test('of a run are found by the run’s name and the node', async () => {
    const ledger = openLedger(sostenuto.home);
    const run = 'evening/1';
    ledger.append('runs', [{ run, pipeline: 'video-to-audio', status: 'done', startedAt: '2026-01-01T00:00:00.000Z' }]);
    ledger.append('artifacts', [{ run, node: 'joint', output: 'model', ...imported.artifact }]);
    await ledger.flush();
    const { code, json } = await sostenuto.here('weights', 'export', 'evening:joint', at('run.safetensors'), '--json');
    expect([code, json<{ digest: string }>().digest]).toEqual([0, imported.artifact.digest]);
    const missing = await sostenuto.here('weights', 'export', 'evening:jiont', at('none.safetensors'), '--json');
    expect(missing.json<{ error: { problems: unknown[] } }>().error.problems).toMatchObject([
      { code: 'NO_SUCH_MODEL', expected: 'evening:joint' },
    ]);
    expect(missing.code).toBe(3);
    const nowhere = await sostenuto.here('weights', 'export', 'evening:joint', at('no/folder.safetensors'));
    expect([nowhere.code, nowhere.stderr]).toEqual([3, expect.stringContaining('WEIGHTS_NOT_WRITTEN')]);
  });
});

describe('weights that do not fit', () => {
  test('are refused with everything that differs, and the way out', async () => {
    const wrong = new Map(released);
    wrong.delete('to_pred.bias');
    wrong.set('unheard.of', storeFloats(new Float32Array(1), [1]));
    await writeSafetensors(at('wrong.safetensors'), wrong);
    const { code, stderr, json } = await sostenuto.here(
      'weights',
      'import',
      at('wrong.safetensors'),
      '--stage',
      'joint',
      '--preset',
      'tiny',
      '--json',
    );
    const { error } = json<{ error: { problems: { code: string; found: string }[] } }>();
    expect(error.problems.map(({ code, found }) => [code, found])).toEqual([
      ['WEIGHTS_MISMATCH', 'to_pred.bias'],
      ['WEIGHTS_MISMATCH', 'unheard.of'],
    ]);
    expect(stderr).toContain('--stage');
    expect(code).toBe(3);
  });
  test.each([
    [['base.safetensors', '--stage', 'jiont'], 'text-to-audio, video, joint', 2],
    [['absent.safetensors', '--stage', 'joint'], 'WEIGHTS_UNREADABLE', 3],
    [['base.safetensors'], "required option '--stage <node>'", 2],
  ])('%j says what is wrong', async ([file = '', ...words], message, exit) => {
    const { code, stderr } = await sostenuto.here('weights', 'import', at(file), ...words, '--preset', 'tiny');
    expect(stderr).toContain(message);
    expect(code).toBe(exit);
  });
});

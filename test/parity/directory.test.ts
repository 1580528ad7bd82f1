import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { directory, isDefault, sortCases } from './cases.ts';
import { kinds } from './kinds.ts';

const { cases, unknown } = sortCases(directory, kinds);
const short = (file: string) => relative(directory, file);

describe(`the fixtures in ${directory}`, () => {
  it('are at least one', () => expect(cases.size).toBeGreaterThan(0));
  if (isDefault)
    it('take 15 MB at most: every clone carries them', () => {
      const sizes = readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) => statSync(join(directory, name)).size);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(15e6);
    });
  it.each(unknown.map(short))('%s: no test reads it', (file) => {
    expect.fail(`${file} fits no kind of test/parity/kinds.ts`);
  });
  for (const { name } of kinds) {
    const present = (cases.get(name) ?? []).length > 0;
    if (present || isDefault) it(`${name} has a case`, () => expect(present).toBe(true));
    else it.skip(`[optional: no case of this kind in ${directory}] ${name}`, () => {});
  }
});

describe('sorting', () => {
  const root = mkdtempSync(join(tmpdir(), 'fixtures-'));
  afterAll(() => rmSync(root, { recursive: true }));
  const sorted = (...files: string[]) => {
    for (const file of files) {
      mkdirSync(join(root, dirname(file)), { recursive: true });
      writeFileSync(join(root, file), '');
    }
    return sortCases(root, kinds);
  };
  it('takes a case by its name, whatever stands behind it, and in whichever folder the set lies', () => {
    const { cases, unknown } = sorted('network/transformer_stage1_depth6.safetensors', 'seed7/network/block_conv.safetensors', 'README.md');
    expect([...cases]).toEqual([
      ['transformer', [join(root, 'network/transformer_stage1_depth6.safetensors')]],
      ['block_conv', [join(root, 'seed7/network/block_conv.safetensors')]],
    ]);
    expect(unknown).toEqual([]);
  });
  it('tells a kind from one whose name begins alike', () => {
    const { cases } = sorted('network/roll_predictor_88.safetensors', 'network/roll_predictor_train_mode_88.safetensors');
    expect(cases.get('roll_predictor')).toEqual([join(root, 'network/roll_predictor_88.safetensors')]);
    expect(cases.get('roll_predictor_train_mode')).toEqual([join(root, 'network/roll_predictor_train_mode_88.safetensors')]);
  });
  it('names what nobody reads', () => {
    const { unknown } = sorted('network/loss_new.safetensors', 'encoders/clap_tiny/model.safetensors');
    expect(unknown).toEqual([join(root, 'network/loss_new.safetensors')]);
  });
  it('finds a folder that is given by itself', () => {
    expect([...sortCases(join(root, 'seed7/network'), kinds).cases.keys()]).toEqual(['block_conv']);
  });
});

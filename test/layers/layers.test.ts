import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  bannedFileNames,
  impureWorkflows,
  longFiles,
  misplacedPackages,
  rules,
  type Sources,
  typeLoopholes,
  upwardImports,
  type Violation,
} from './rules.ts';

const sources = (files: Record<string, string>): Sources => new Map(Object.entries(files));
const whats = (violations: readonly Violation[]): string[] => violations.map(({ path, what }) => `${path} ${what}`);

describe('imports point down', () => {
  test('a lower layer may be imported, and a neighbour in the same one', () => {
    const allowed = { 'engine/plan/plan.ts': "import { a } from '../../errors/problem.ts';\nimport { b } from '../define/task.ts';" };
    expect(upwardImports(sources(allowed))).toEqual([]);
  });

  test.each([
    [
      'a layer above',
      'engine/plan/plan.ts',
      '../../activities/worker.ts',
      'imports activities/worker.ts, but activities lies above engine',
    ],
    ['a test', 'models/network/dit.ts', '../../test/models/a.ts', 'imports test/models/a.ts, which is outside the layers'],
    ['the configuration', 'activities/worker.ts', '../temporal.config.ts', 'imports temporal.config.ts, which is outside the layers'],
  ])('%s is refused', (_, path, specifier, what) => {
    expect(whats(upwardImports(sources({ [path]: `import { a } from '${specifier}';` })))).toEqual([`${path} ${what}`]);
  });

  test('a type counts as much as code', () => {
    expect(upwardImports(sources({ 'numeric/random.ts': "import type { A } from '../engine/define/task.ts';" }))).toHaveLength(1);
  });

  test('the command line may read the configuration', () => {
    expect(upwardImports(sources({ 'cli/config.ts': "import { config } from '../temporal.config.ts';" }))).toEqual([]);
  });
});

describe('each foreign engine has one door', () => {
  test.each([
    ['models/network/dit.ts', "import * as tf from '@tensorflow/tfjs';", 'imports @tensorflow/tfjs; only models/backend may'],
    ['web/report.ts', "import type { Tensor } from '@tensorflow/tfjs';", 'imports types of @tensorflow/tfjs; only models may'],
    ['engine/plan/plan.ts', "import { Client } from '@temporalio/client';", 'imports @temporalio/client; only'],
  ])('%s: %s', (path, source, what) => {
    expect(whats(misplacedPackages(sources({ [path]: source })))[0]).toContain(what);
  });

  test('behind the door it is fine', () => {
    const behind = {
      'models/backend/index.ts': "import * as tf from '@tensorflow/tfjs';",
      'models/network/dit.ts': "import type { Tensor } from '@tensorflow/tfjs';",
      'workflows/run-pipeline.ts': "import { sleep } from '@temporalio/workflow';",
    };
    expect(misplacedPackages(sources(behind))).toEqual([]);
  });
});

describe('workflow code is pure', () => {
  test.each([
    [
      'a Node built-in',
      { 'workflows/a.ts': "import { readFile } from 'node:fs/promises';" },
      'workflows/a.ts loads node:fs/promises into a workflow',
    ],
    ['zod', { 'workflows/a.ts': "import { z } from 'zod';" }, 'workflows/a.ts loads zod into a workflow'],
    [
      'a built-in, two files away',
      {
        'workflows/a.ts': "import { b } from '../engine/b.ts';",
        'engine/b.ts': "export { c } from './c.ts';",
        'engine/c.ts': "import 'node:fs';",
      },
      'engine/c.ts loads node:fs into a workflow (through workflows/a.ts → engine/b.ts)',
    ],
  ])('%s is refused', (_, files: Record<string, string>, what) => {
    expect(whats(impureWorkflows(sources(files)))).toEqual([what]);
  });

  test('types of anything are fine, for they are gone at run time', () => {
    const typed = { 'workflows/a.ts': "import type { Plan } from '../engine/plan/plan.ts';", 'engine/plan/plan.ts': "import 'node:fs';" };
    expect(impureWorkflows(sources(typed))).toEqual([]);
  });
});

describe('files', () => {
  test.each(['engine/utils.ts', 'models/helpers/scale.ts', 'web/common.ts', 'engine/store-manager.ts', 'engine/core/a.ts'])(
    '%s says nothing',
    (path) => {
      expect(bannedFileNames(sources({ [path]: '' }))).toHaveLength(1);
    },
  );

  test('a name that merely contains such a word is fine', () => {
    expect(bannedFileNames(sources({ 'models/metrics/score.ts': '', 'datasets/features/commonness.ts': '' }))).toEqual([]);
  });

  test('301 lines are too many, 300 are not', () => {
    expect(longFiles(sources({ 'a.ts': 'x\n'.repeat(301), 'b.ts': 'x\n'.repeat(300) }))).toEqual([
      { path: 'a.ts', what: 'has 301 lines; split it below 300' },
    ]);
  });
});

describe('the type checker is not got around', () => {
  test.each([
    ['const a: any = 1;', 'uses the type any'],
    ['const a = new Map<string, any>();', 'uses the type any'],
    ['const a = b as any;', 'casts to any'],
    ['const a = b as unknown as C;', 'casts through unknown'],
    [`// @ts-${'ignore'}`, 'switches the type checker off'],
    [`/* biome-ignore-${'all'} lint: no */`, 'switches the linter off for more than a line'],
  ])('%s', (source, what) => {
    expect(typeLoopholes(sources({ 'a.ts': `\n${source}` }))).toEqual([{ path: 'a.ts:2', what }]);
  });

  test('the word alone is no loophole', () => {
    expect(typeLoopholes(sources({ 'a.ts': "// any: a word\n\nconst a = ': any';\nconst any = f(1, any(2), { any: 1 });" }))).toEqual([]);
  });

  test('at the edge of a library one line may, with its reason before it', () => {
    expect(typeLoopholes(sources({ 'a.ts': "// The library's types lack this option.\nconst a = b as unknown as C;" }))).toEqual([]);
  });
});

const notOurs = new Set(['node_modules', 'dist', 'fixtures']);

/** Every source of the project by its path; hidden folders hold tools and data. */
function projectSources(root: string, folder = ''): [string, string][] {
  return readdirSync(`${root}/${folder}`, { withFileTypes: true }).flatMap((entry): [string, string][] => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.name.startsWith('.') || notOurs.has(entry.name)) return [];
    if (entry.isDirectory()) return projectSources(root, path);
    return /\.(?:ts|mjs|js)$/.test(entry.name) ? [[path, readFileSync(`${root}/${path}`, 'utf8')]] : [];
  });
}

describe('this project', () => {
  const project = new Map(projectSources(fileURLToPath(new URL('../..', import.meta.url))));
  test('has sources to check', () => expect(project.size).toBeGreaterThan(10));
  test.each(Object.entries(rules))('breaks no rule: %s', (_, rule) => {
    expect(whats(rule(project))).toEqual([]);
  });
});

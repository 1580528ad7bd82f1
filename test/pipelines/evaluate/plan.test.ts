import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { planPipeline } from '../../../engine/plan/plan.ts';
import { evaluate } from '../../../pipelines/evaluate/pipeline.ts';

const folder = mkdtempSync(join(tmpdir(), 'plan-'));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'a.wav'), 'a');

const plan = (settings: unknown) => planPipeline(evaluate, { settings });
const given = { references: folder, systems: { ours: folder } };
const problem = (settings: unknown) => {
  try {
    plan(settings);
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('the plan of an evaluation', () => {
  it('leads from folders to a comparison, with a listening test where there is one', () => {
    const nodes = (settings: unknown) => plan(settings).nodes.map(({ id, task }) => `${id}: ${task}`);
    expect(nodes(given)).toEqual([
      'references: importReferences',
      'systems: importSystems',
      'networks: importNetworks',
      'originals: describeOriginals',
      'original-sounds: hearOriginals',
      'sounds: hearSystem',
      'figures: judgeSystem',
      'comparison: compareSystems',
    ]);
    expect(nodes({ ...given, ratings: join(folder, 'a.wav') }).slice(-2)).toEqual([
      'ratings: importRatings',
      'comparison: compareRatedSystems',
    ]);
  });
  it('notices a file that was changed or added, and none that is no sound', () => {
    const stamp = () => JSON.stringify(plan(given).nodes.find(({ id }) => id === 'systems')?.params);
    const before = stamp();
    writeFileSync(join(folder, 'notes.md'), 'nothing to hear');
    expect(stamp()).toBe(before);
    utimesSync(join(folder, 'a.wav'), 1, 1);
    const touched = stamp();
    expect(touched).not.toBe(before);
    writeFileSync(join(folder, 'b.mp4'), 'b');
    expect(stamp()).not.toBe(touched);
  });
  it('takes CLAP as a folder or as a file, and notices other files in it', () => {
    const clap = join(folder, 'clap');
    mkdirSync(clap);
    for (const name of ['config.json', 'model.safetensors']) writeFileSync(join(clap, name), '{}');
    const params = (path: string) => plan({ ...given, networks: { clap: path } }).nodes.find(({ id }) => id === 'networks')?.params;
    expect(params(clap)).toMatchObject({ files: {}, clap: { folder: clap, state: expect.stringContaining('model.safetensors 2 ') } });
    expect(params(join(folder, 'a.wav'))).toEqual({ files: { clap: { path: join(folder, 'a.wav'), stamp: expect.any(String) } } });
  });
  it('needs no look at a tree of the store', () => {
    const digest = 'a'.repeat(64);
    expect(JSON.stringify(plan({ references: digest, systems: { ours: digest } }).nodes[0]?.params)).toContain(digest);
  });
  it.each([
    ['no originals', { systems: { ours: folder } }, 'references'],
    ['no system', { references: folder }, 'systems'],
    ['a folder that is not there', { ...given, systems: { ours: '/nowhere' } }, 'systems.ours'],
    ['a relative folder', { ...given, references: 'here' }, 'references'],
    ['weights that are not there', { ...given, networks: { vggish: '/nowhere' } }, 'networks.vggish'],
    ['CLAP that is not there', { ...given, networks: { clap: '/nowhere' } }, 'networks.clap'],
    ['keys in the wrong order', { ...given, protocol: { keys: { first: 60, last: 50 } } }, 'protocol.keys'],
    ['an unknown baseline', { ...given, baseline: 'theirs' }, 'baseline'],
  ])('says what is wrong about %s', (_, settings, where) => {
    expect(problem(settings)).toMatchObject({ code: 'BAD_SETTING', problems: [expect.objectContaining({ where })] });
  });
});

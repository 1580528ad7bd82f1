import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type PlannedInput, type PlannedNode, planPipeline } from '../../../engine/plan/plan.ts';
import { evaluate } from '../../../pipelines/evaluate/pipeline.ts';
import { videoToAudio } from '../../../pipelines/video-to-audio/pipeline.ts';
import { presets } from '../../../pipelines/video-to-audio/presets.ts';

const folder = mkdtempSync(join(tmpdir(), 'plan-'));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'a.wav'), 'a');

const plan = (settings: unknown) => planPipeline(evaluate, { settings });
const digest = 'a'.repeat(64);
const sampledOn = (settings: object) => ({ models: { champion: digest }, madeWith: presets.tiny, ...settings });
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
  it('samples a model by the nodes, and with the settings, that the run which made it sampled its arms with', () => {
    const arms = new Map(planPipeline(videoToAudio, { preset: 'tiny' }).nodes.map((node) => [node.id, node]));
    const own = new Map(plan(sampledOn({})).nodes.map((node) => [node.id, node]));
    const of = (node: PlannedNode | undefined) => node && { task: node.task, params: node.params };
    expect(of(own.get('held-out'))).toEqual(of(arms.get('references')));
    expect(of(own.get('champion-samples'))).toEqual(of(arms.get('base-samples')));
    const { references, model, ...features } = own.get('champion-samples')?.inputs ?? {};
    expect([references?.node, model?.node]).toEqual(['held-out', 'champion-model']);
    const feature = (input: PlannedInput) => ({ ...input, node: input.node.replace(/^test-/, '') });
    expect(arms.get('base-samples')?.inputs).toMatchObject(
      Object.fromEntries(Object.entries(features).map(([name, input]) => [name, feature(input)])),
    );
    expect(own.get('comparison')?.inputs['heard']?.node).toBe('sounds');
    expect(own.get('sounds')?.over).toEqual({ node: 'champion-system', output: 'systems' });
  });
  it('needs nothing of what made the model but what decides features and sounds: other settings come and go', () => {
    const { training: _, joint: __, ...rest } = presets.tiny;
    const older = { ...rest, rollPredictor: { ...rest.rollPredictor, gone: 1 }, forgotten: true };
    expect(plan(sampledOn({ madeWith: older })).nodes.map(({ params }) => params)).toEqual(
      plan(sampledOn({})).nodes.map(({ params }) => params),
    );
    expect(problem(sampledOn({ madeWith: { ...older, encoders: {} } }))).toMatchObject({ code: 'BAD_SETTING' });
  });
  it('takes other sets, or what is new in them, to sample for', () => {
    const sources = [{ kind: 'folder', root: folder }];
    const window = { from: '2026-01-01', to: '2026-01-08' };
    const planned = plan(sampledOn({ test: { sources, split: 'all', window }, sampling: { seconds: 0.6 } })).nodes;
    const params = (id: string) => planned.find((node) => node.id === id)?.params;
    expect(params('test-ingest')).toMatchObject({ sources, test: { split: 'all', window } });
    expect(params('held-out')).toMatchObject({ seconds: 0.6, clips: presets.tiny.sampling.clips });
    expect(planned.map(({ id }) => id)).not.toContain('test-mixtures');
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
    ['a model without what it was made with', { models: { champion: digest } }, 'madeWith'],
    ['a model beside originals that it was not sampled for', { ...sampledOn({}), references: folder }, 'references'],
    ['a window of synthetic clips', sampledOn({ test: { window: { from: '2026-01-01', to: '2026-01-08' } } }), 'test'],
    ['a window that ends first', sampledOn({ test: { window: { from: '2026-01-08', to: '2026-01-01' } } }), 'test.window'],
    ['a model and a system of one name', { ...sampledOn({}), systems: { champion: folder } }, 'models.champion'],
    ['an unknown baseline', { ...given, baseline: 'theirs' }, 'baseline'],
  ])('says what is wrong about %s', (_, settings, where) => {
    expect(problem(settings)).toMatchObject({ code: 'BAD_SETTING', problems: [expect.objectContaining({ where })] });
  });
});

import { describe, expect, it } from 'vitest';
import type { ReportModel } from '../../../web/report/model.ts';
import { renderReport } from '../../../web/report/page.ts';
import { exampleModel } from '../example.ts';
import { readTags, type Tag } from '../tags.ts';

const named = (tags: readonly Tag[], name: string): Tag[] => tags.filter((tag) => tag.name === name);
const sectionsOf = (model: ReportModel): (string | undefined)[] =>
  named(readTags(renderReport(model)), 'section')
    .filter((tag) => tag.attributes.get('class') === 'part')
    .map((tag) => tag.attributes.get('id'));

describe('the report page', () => {
  const tags = readTags(renderReport(exampleModel));

  it('is well-formed, and the check would notice if it were not', () => {
    expect(tags.length).toBeGreaterThan(500);
    expect(() => readTags('<p><b>text</p></b>')).toThrow('closes');
    expect(() => readTags('<p title="a" b">text</p>')).toThrow('no tag');
  });

  it('begins with one sentence', () => {
    expect(named(tags, 'h1').map((tag) => tag.text)).toEqual([exampleModel.run.headline]);
  });

  it('has every id once, and every internal link leads somewhere', () => {
    const ids = tags.flatMap((tag) => tag.attributes.get('id') ?? []);
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
    const links = tags.flatMap((tag) => tag.attributes.get('href') ?? []).filter((href) => href.startsWith('#'));
    expect(links.length).toBeGreaterThan(30);
    expect(links.filter((href) => !ids.includes(href.slice(1)))).toEqual([]);
  });

  it('asks nothing of the network', () => {
    const addresses = tags.flatMap((tag) => ['src', 'href', 'srcset', 'poster'].flatMap((name) => tag.attributes.get(name) ?? []));
    const outside = addresses.filter((address) => !/^(#|media\/|data:,$)/.test(address));
    expect(outside).toEqual([exampleModel.links.temporalUi]);
  });

  it('says every outcome in words, not by colour alone', () => {
    const states = tags.filter((tag) => tag.attributes.get('class') === 'state').map((tag) => tag.text);
    expect(states).toContain('reused');
    expect(states).toContain('ran · 2 min 48 s');
  });

  it('describes every picture', () => {
    for (const image of named(tags, 'img')) expect(image.attributes.get('alt')).not.toBe('');
    for (const chart of tags.filter((tag) => tag.attributes.get('role') === 'img'))
      expect(chart.attributes.get('aria-label')).toMatch(/\d/);
  });

  it('says of a roll that it cannot be shown, where it is no picture', () => {
    expect(named(tags, 'p').map((tag) => tag.text)).toContain('played: this roll cannot be shown');
  });

  it('shows each curve as numbers too', () => {
    const steps = named(tags, 'th').filter((tag) => tag.text === 'validation loss');
    expect(steps).toHaveLength(2); // In the measures and above the column of the curve's table.
  });

  it('marks where a training went on from a checkpoint', () => {
    expect(named(tags, 'title').filter((tag) => tag.text === 'continued from a checkpoint at step 200')).not.toHaveLength(0);
  });

  it('shows a failure first, with its reason', () => {
    const nodes = exampleModel.nodes.map((node) =>
      node.id === 'samples' ? { ...node, status: 'failed' as const, error: 'WEIGHTS_MISSING <model>' } : node,
    );
    const model = { ...exampleModel, nodes, run: { ...exampleModel.run, status: 'failed' } };
    expect(sectionsOf(model)[0]).toBe('failures');
    expect(named(readTags(renderReport(model)), 'pre').map((tag) => tag.text)).toContain('WEIGHTS_MISSING <model>');
    expect(sectionsOf(exampleModel)).not.toContain('failures');
  });

  it('leaves out what there is nothing to say about', () => {
    const { run, settings, machine } = exampleModel;
    const empty: ReportModel = {
      run,
      settings,
      machine,
      nodes: [],
      code: {},
      curves: [],
      exhibits: [],
      measures: [],
      data: [],
      quarantined: [],
      links: {},
    };
    expect(sectionsOf(empty)).toEqual(['settings', 'origin']);
  });

  it('writes a curve of one point down, and draws losses first', () => {
    const points = [
      [1, 0.5],
      [2, 0.25],
    ] as const;
    const curves = [
      { node: 'joint', name: 'gradient norm', points },
      { node: 'joint', name: 'validation loss', points: [[2, 0.75]] as const },
      { node: 'joint', name: 'loss', points },
    ];
    const tags = readTags(renderReport({ ...exampleModel, curves }));
    const drawn = tags.filter(({ name, attributes }) => name === 'svg' && attributes.get('class') === 'chart linear');
    expect(drawn.map(({ attributes }) => attributes.get('aria-label')?.split(':')[0])).toEqual(['loss of joint', 'gradient norm of joint']);
    expect(tags.filter(({ name }) => name === 'dt').map(({ text }) => text)).toContain('validation loss');
    expect(tags.filter(({ name }) => name === 'dd').map(({ text }) => text.trim())).toContain('0.75');
  });

  it('folds up measures beyond the first', () => {
    const measures = Array.from({ length: 30 }, (_, i) => ({ name: `measure ${i}`, value: i }));
    const tags = readTags(renderReport({ ...exampleModel, measures }));
    expect(tags.filter(({ name }) => name === 'summary').map(({ text }) => text)).toContain('6 further measures');
    expect(tags.filter(({ name, attributes }) => name === 'table' && attributes.get('class') === 'measures')).toHaveLength(2);
  });

  it('names values that cannot be drawn', () => {
    const curves = [
      {
        node: 'text-to-audio',
        name: 'loss',
        points: [
          [1, 0.5],
          [2, Number.NaN],
          [3, 0.4],
        ] as const,
      },
    ];
    expect(renderReport({ ...exampleModel, curves })).toContain('1 value not finite, first at step 2');
    expect(renderReport({ ...exampleModel, curves: [{ node: 'text-to-audio', name: 'loss', points: [[1, Number.NaN]] }] })).toContain(
      'no finite value',
    );
  });
});

describe('hostile text', () => {
  const evil = `</script><script>alert(1)</script><img src=x onerror="alert(2)">'"&\u0000`;
  const model: ReportModel = {
    run: { ...exampleModel.run, headline: evil, workflowId: evil, pipeline: evil, preset: evil, status: evil, runId: evil },
    nodes: [
      {
        ...exampleModel.nodes[0],
        id: evil,
        task: evil,
        kind: 'map',
        status: 'failed',
        cache: 'miss',
        key: evil,
        attempts: 2,
        seconds: 1,
        deps: [evil],
        queue: evil,
        summary: evil,
        error: evil,
      },
    ],
    settings: { [evil]: { [evil]: evil } },
    code: { [evil]: { digest: evil, files: [evil] } },
    machine: { [evil]: evil },
    backend: evil,
    curves: [
      { node: evil, name: evil, points: [[1, 2]] },
      ...[0, 1, 2].map((part) => ({ node: evil, name: `${evil} ${part}/3`, points: [[1, part]] as const })),
    ],
    exhibits: [
      {
        node: evil,
        title: evil,
        note: evil,
        groups: [
          {
            title: evil,
            items: [
              {
                title: evil,
                caption: evil,
                audio: evil,
                image: evil,
                video: evil,
                numbers: { [evil]: 1 },
                rolls: [
                  { title: evil, roll: evil, against: evil, picture: { image: evil, told: evil } },
                  { title: evil, roll: evil },
                ],
              },
            ],
          },
        ],
        tables: [{ title: evil, columns: [evil], rows: [[evil]] }],
      },
    ],
    measures: [{ name: evil, value: 1, unit: evil, note: evil }],
    data: [
      {
        node: evil,
        task: evil,
        params: { [evil]: evil },
        files: 1,
        bytes: 1,
        kinds: { [evil]: 1 },
        leftOut: 0,
        licences: [evil],
        madeAt: evil,
        code: evil,
        digests: [evil],
      },
    ],
    quarantined: [{ node: evil, id: evil, reason: evil }],
    links: { temporalUi: `javascript:${evil}` },
  };

  it('stays text, wherever it comes in', () => {
    const page = renderReport(model);
    const tags = readTags(page);
    expect(named(tags, 'script')).toHaveLength(1);
    expect(tags.filter((tag) => [...tag.attributes.keys()].some((name) => name.startsWith('on')))).toEqual([]);
    expect(named(tags, 'h1')[0]?.text).toBe(evil.replace('\u0000', ' '));
    expect(page).not.toContain('\u0000');
  });

  it('cannot point a link at a script, nor a medium out of its folder', () => {
    const tags = readTags(renderReport(model));
    expect(tags.filter((tag) => tag.attributes.get('href')?.startsWith('javascript:'))).toEqual([]);
    const exhibits = [{ node: 'n', title: 't', groups: [{ title: 'g', items: [{ title: 'i', audio: 'https://example.org/a.wav' }] }] }];
    expect(named(readTags(renderReport({ ...exampleModel, exhibits })), 'audio').map((tag) => tag.attributes.get('src'))).toEqual([
      'media/https%3A//example.org/a.wav',
    ]);
  });
});

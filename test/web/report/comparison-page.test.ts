import { describe, expect, it } from 'vitest';
import { pairExhibits, renderComparison } from '../../../web/report/comparison-page.ts';
import type { Exhibit } from '../../../web/report/model.ts';
import { readTags } from '../tags.ts';

const shown = (run: string, versions: readonly string[]): Exhibit => ({
  node: 'comparison',
  title: 'Arms',
  groups: [{ title: 'a bell', items: versions.map((title) => ({ title, audio: `${run}/${title}.wav` })) }],
});
const titles = (exhibits: readonly Exhibit[]) =>
  exhibits.flatMap(({ groups }) => groups.flatMap(({ items }) => items.map(({ title }) => title)));

describe('two runs side by side', () => {
  it('have each version of a clip for either run, and once where it is the same sound', () => {
    const isSame = (one: string, other: string) => one.endsWith('original.wav') && other.endsWith('original.wav');
    const paired = pairExhibits([shown('first', ['original', 'base'])], [shown('second', ['original', 'base'])], isSame);
    expect(titles(paired)).toEqual(['original, both runs', 'base, first run', 'base, second run']);
  });

  it('pair versions by their names, whatever their order, and keep one that only the first has', () => {
    const paired = pairExhibits([shown('first', ['base', 'text', 'gone'])], [shown('second', ['text', 'base'])], () => false);
    expect(titles(paired)).toEqual(['base, first run', 'base, second run', 'text, first run', 'text, second run', 'gone, first run']);
  });

  it('make a page that links to nothing that it does not have', () => {
    const run = { workflowId: 'a', pipeline: 'p', preset: 'tiny', status: 'done', startedAt: '2026-01-01T00:00:00Z' };
    const tables = [{ title: 'Settings', columns: ['setting', 'first', 'second'], rows: [['seed', 1, 2]] }];
    const tags = readTags(renderComparison({ runs: [run, run], tables, exhibits: [shown('first', ['base'])] }));
    const ids = new Set(tags.map(({ attributes }) => attributes.get('id')));
    const inside = tags.flatMap(({ attributes }) => attributes.get('href') ?? []).filter((href) => href.startsWith('#'));
    expect(inside.filter((href) => !ids.has(href.slice(1)))).toEqual([]);
  });
});

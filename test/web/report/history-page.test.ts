import { describe, expect, it } from 'vitest';
import type { MeasuredRun } from '../../../engine/history/measured-runs.ts';
import { renderHistory } from '../../../web/report/history-page.ts';
import { readTags } from '../tags.ts';

const run = (day: number, value: number, rest: Partial<MeasuredRun> = {}): MeasuredRun => ({
  run: `nightly-${day}/1`,
  pipeline: 'evaluate',
  at: `2026-01-0${day}T03:00:00.000Z`,
  measures: [{ node: 'comparison', name: 'distance', value, better: 'lower' }],
  ...rest,
});

describe('the history of measures', () => {
  it('has a curve over the runs, and a table, newest first, that leads to their reports', () => {
    const page = renderHistory([run(1, 3), run(2, 2.5, { report: '/home/reports/nightly 2/index.html' })]);
    const tags = readTags(page);
    const said = (name: string, attribute: string) => tags.filter((tag) => tag.name === name).map((tag) => tag.attributes.get(attribute));
    expect(tags.find(({ name }) => name === 'h4')?.text).toContain('distance');
    expect(said('svg', 'aria-label')).toContain('distance of comparison over 2 runs, last 2.5');
    expect(said('a', 'href')).toContain('../nightly%202/index.html');
    const rows = tags.filter(({ name, attributes }) => name === 'th' && attributes.get('scope') === 'row').map(({ text }) => text);
    expect(rows).toEqual(['2 Jan 2026, 03:00 UTC', '1 Jan 2026, 03:00 UTC']);
  });

  it('keeps the runs of a schedule apart from others, which are about other clips', () => {
    const weekly = { schedule: 'weekly' };
    const tags = readTags(renderHistory([run(1, 3), run(2, 2.5, weekly), run(3, 4), run(4, 2, weekly)]));
    const labels = tags.filter(({ name }) => name === 'svg').map(({ attributes }) => attributes.get('aria-label'));
    expect(labels).toEqual(
      expect.arrayContaining(['distance of comparison over 2 runs, last 4', 'distance of comparison, schedule weekly over 2 runs, last 2']),
    );
  });

  it('has a part for each schedule, by name, before what people started, each with its runs and its last one', () => {
    const tags = readTags(
      renderHistory([run(1, 3), run(2, 2.5, { schedule: 'weekly' }), run(3, 4, { schedule: 'daily' }), run(4, 2, { schedule: 'weekly' })]),
    );
    const titles = tags.filter(({ name }) => name === 'h3').map(({ text }) => text.trim());
    expect(titles).toEqual(['Schedule daily', 'Schedule weekly', 'Runs that people started']);
    expect(tags.filter(({ name }) => name === 'small').map(({ text }) => text)).toContain('2 runs, the last for 4 Jan 2026, 03:00 UTC');
  });

  it('shows the interval of a figure that has one, on the curve and in the table', () => {
    const measures = (low: number) => [{ node: 'comparison', name: 'distance', value: 3, interval: { low, high: 3.5 } }];
    const tags = readTags(renderHistory([run(1, 3, { measures: measures(2) }), run(2, 3, { measures: measures(1) })]));
    expect(tags.filter(({ name, attributes }) => name === 'line' && attributes.get('class') === 'interval')).toHaveLength(2);
    expect(tags.filter(({ name }) => name === 'td').map(({ text }) => text)).toEqual(expect.arrayContaining(['2 … 3.5', '1 … 3.5']));
  });

  it('lists what was measured once, without a curve, and folds many curves up', () => {
    const once = readTags(renderHistory([run(1, 3)]));
    expect(once.filter(({ name, attributes }) => name === 'svg' && attributes.get('class') === 'chart')).toEqual([]);
    expect(once.find(({ name }) => name === 'summary')?.text).toBe('1 measure of one run each');
    const measures = Array.from({ length: 30 }, (_, i) => ({ node: 'comparison', name: `measure ${i}`, value: i }));
    const many = readTags(renderHistory([run(1, 1, { measures }), run(2, 1, { measures })]));
    expect(many.find(({ name }) => name === 'summary')?.text).toBe('comparison: 30 measures');
  });

  it('escapes what it is given, and says when there is nothing', () => {
    expect(renderHistory([run(1, Number.NaN, { run: '<script>1</script>', pipeline: '<b>' })])).not.toContain('<script>1');
    expect(renderHistory([])).toContain('No run has measured anything yet.');
  });
});

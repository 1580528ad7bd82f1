import { expect, test } from 'vitest';
import { scheduledRequest } from '../../workflows/window.ts';

const at = Date.parse('2026-03-02T02:00:00Z');

test('texts anywhere in the settings get the ends of the window, which ends at the scheduled time', () => {
  const settings = { data: { files: ['/in/{from:day}', '{from}/{to}'], more: 3 }, to: '{to:day} {other}' };
  expect(scheduledRequest({ pipeline: 'one', settings, schedule: { name: 'nightly', windowMs: 86_400_000 } }, at)).toEqual({
    pipeline: 'one',
    settings: {
      data: { files: ['/in/2026-03-01', '2026-03-01T02:00:00.000Z/2026-03-02T02:00:00.000Z'], more: 3 },
      to: '2026-03-02 {other}',
    },
    schedule: { name: 'nightly', windowMs: 86_400_000, at: '2026-03-02T02:00:00.000Z' },
  });
});

test('a run that no schedule started is left as it is', () => {
  const request = { settings: { text: '{from}' } };
  expect(scheduledRequest(request, at)).toBe(request);
});

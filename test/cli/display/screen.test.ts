import { describe, expect, test } from 'vitest';
import { Follower } from '../../../cli/display/follow.ts';
import { isAnimated, Screen } from '../../../cli/display/screen.ts';
import type { RunSnapshot } from '../../../cli/display/snapshot.ts';

const esc = '\u001b';
function terminal(isTTY: boolean) {
  const written: string[] = [];
  return { isTTY, columns: 80, written, write: (text: string) => written.push(text) };
}
const run = (step: number, takenAt: number): RunSnapshot => ({
  workflowId: 'w',
  pipeline: 'p',
  status: 'running',
  paused: false,
  startedAt: 0,
  takenAt,
  nodes: [{ id: 'a', status: 'running', progress: { step, of: 10 } }],
});

describe('where lines are redrawn', () => {
  test.each([
    [true, {}, true],
    [true, { TERM: 'dumb' }, false],
    [true, { CI: '1' }, false],
    [false, {}, false],
  ])('terminal %s with %j: %s', (isTTY, environment, expected) => {
    expect(isAnimated(terminal(isTTY), environment)).toBe(expected);
  });
});

test('a block goes back over exactly the lines it drew before', () => {
  const out = terminal(true);
  const screen = new Screen(out);
  screen.draw(['a', 'b']);
  screen.draw(['c']);
  screen.clear();
  screen.clear();
  expect(out.written).toEqual(['a\nb\n', `${esc}[2A${esc}[0Jc\n`, `${esc}[1A${esc}[0J`, '']);
});

describe('following a run', () => {
  test('a pipe gets no escape sequence, a change at once and progress every 5 s', () => {
    const out = terminal(false);
    const follower = new Follower(out, {});
    follower.show(run(1, 20_000));
    follower.show(run(2, 21_000));
    follower.show(run(4, 31_000));
    follower.end();
    expect(out.written.join('')).not.toContain(esc);
    expect(out.written).toHaveLength(2);
    expect(out.written[1]).toContain('4/10');
  });

  test('a terminal is left clean for the summary', () => {
    const out = terminal(true);
    const follower = new Follower(out, {});
    follower.show(run(1, 1000));
    follower.end();
    expect(out.written.at(-1)).toBe(`${esc}[2A${esc}[0J`);
  });
});

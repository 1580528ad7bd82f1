import { describe, expect, test } from 'vitest';
import { boardLines, changeLines, reportLines } from '../../../cli/display/lines.ts';
import { followPaces, secondsLeft } from '../../../cli/display/pace.ts';
import type { NodeSnapshot, RunSnapshot } from '../../../cli/display/snapshot.ts';

const snapshot = (seconds: number, nodes: NodeSnapshot[], paused = false): RunSnapshot => ({
  workflowId: 'run-1',
  pipeline: 'video-to-audio',
  status: 'running',
  paused,
  startedAt: 0,
  takenAt: seconds * 1000,
  nodes,
});
const training = (step: number, more: Partial<NodeSnapshot> = {}): NodeSnapshot => ({
  id: 'text-to-audio',
  status: 'running',
  progress: { step, of: 600, loss: 0.43127 },
  ...more,
});

describe('the pace of a node', () => {
  test('is steps over time, and says how long the rest takes', () => {
    const first = followPaces(new Map(), snapshot(0, [training(100)]));
    const paces = followPaces(first, snapshot(10, [training(150)]));
    expect(paces.get('text-to-audio')?.stepsPerSecond).toBe(5);
    expect(secondsLeft(paces.get('text-to-audio'), 600)).toBe(90);
  });

  test('follows a change slowly, so that one slow step does not shake it', () => {
    let paces = followPaces(new Map(), snapshot(0, [training(0)]));
    paces = followPaces(paces, snapshot(10, [training(50)]));
    paces = followPaces(paces, snapshot(11, [training(51)]));
    expect(paces.get('text-to-audio')?.stepsPerSecond).toBeCloseTo(5 - 4 * (1 - Math.exp(-0.1)), 9);
  });

  test('begins anew when a later attempt starts from an earlier checkpoint', () => {
    const before = followPaces(new Map([['text-to-audio', { step: 100, at: 0, stepsPerSecond: 5 }]]), snapshot(10, [training(50)]));
    expect(before.get('text-to-audio')).toEqual({ step: 50, at: 10_000 });
  });

  test('is unknown at first, and no time is promised from it', () => {
    expect(secondsLeft(followPaces(new Map(), snapshot(0, [training(1)])).get('text-to-audio'), 600)).toBeUndefined();
  });
});

describe('the live board', () => {
  test('shows the head and whatever runs, asks or failed, and nothing else', () => {
    const nodes: NodeSnapshot[] = [
      { id: 'sounds', status: 'done', cache: 'hit' },
      { id: 'ingest', status: 'done', cache: 'miss' },
      training(180, { attempt: 2 }),
      { id: 'listen', status: 'waiting', note: 'Does it sound right?' },
      { id: 'judgments', status: 'waiting', wantsAnswer: true },
      { id: 'rolls', status: 'failed', note: 'clip.mid is no MIDI file\n  where: clip.mid' },
      { id: 'samples', status: 'pending' },
    ];
    const paces = new Map([['text-to-audio', { step: 180, at: 0, stepsPerSecond: 4.2 }]]);
    expect(boardLines(snapshot(65, nodes), paces, 120)).toEqual([
      'video-to-audio: 2 of 7 nodes done, 1 of them reused; 1 failed; 1 min 05 s',
      '  ▶ text-to-audio  180/600  30 %  4.2 steps/s  loss 0.4313  ETA 1 min 40 s  attempt 2',
      '  ? listen  Does it sound right?  → sostenuto approve run-1 listen',
      '  ? judgments  waits for judgments  → sostenuto label run-1 --node judgments',
      '  ✗ rolls          clip.mid is no MIDI file',
    ]);
  });

  test('takes a node at its word about its pace, and shows what else it says where there is room', () => {
    const node = { ...training(100), progress: { step: 100, of: 600, loss: 0.5, stepsPerSecond: 10, gradientNorm: 0.25 } };
    const other = new Map([['text-to-audio', { step: 100, at: 0, stepsPerSecond: 1 }]]);
    expect(boardLines(snapshot(1, [node]), other, 120)[1]).toBe(
      '  ▶ text-to-audio  100/600  16 %  10 steps/s  loss 0.5  ETA 50 s  gradient norm 0.25',
    );
  });

  test('never gets wider than the terminal, or redrawing would leave rests', () => {
    for (const line of boardLines(snapshot(1, [training(1, { note: 'x'.repeat(300) })]), new Map(), 40))
      expect(line.length).toBeLessThanOrEqual(40);
  });
});

describe('plain lines', () => {
  const begun = snapshot(0, [{ id: 'sounds', status: 'running' }, training(10)]);

  test('name every change once', () => {
    const after = snapshot(1, [{ id: 'sounds', status: 'done', cache: 'miss' }, training(20)]);
    expect(changeLines(undefined, begun, new Map(), false)).toEqual(['  ▶ sounds  running', '  ▶ text-to-audio  10/600  1 %  loss 0.4313']);
    expect(changeLines(begun, after, new Map(), false)).toEqual(['  ✓ sounds']);
    expect(changeLines(after, after, new Map(), false)).toEqual([]);
  });

  test('say how a long node is doing when that is due', () => {
    expect(changeLines(begun, snapshot(10, [{ id: 'sounds', status: 'running' }, training(60)]), new Map(), true)).toEqual([
      '  ▶ text-to-audio  60/600  10 %  loss 0.4313',
    ]);
  });

  test('tell of a pause', () => {
    expect(changeLines(begun, snapshot(1, [...begun.nodes], true), new Map(), false)).toEqual(['  paused: nothing new starts']);
  });
});

test('a finished run is one line a node and one for the whole', () => {
  const node = { task: 't', key: 'k', attempts: 1, outputs: {} };
  expect(
    reportLines({
      workflowId: 'run-1',
      runId: 'r',
      pipeline: 'video-to-audio',
      status: 'failed',
      seconds: 62,
      report: null,
      nodes: [
        { ...node, id: 'sounds', status: 'done', cache: 'hit', seconds: 0 },
        {
          ...node,
          id: 'media',
          status: 'done',
          cache: 'miss',
          seconds: 3.24,
          attempts: 2,
          elements: { total: 8, ran: 5, hits: 3, quarantined: 1 },
        },
        { ...node, id: 'latents', status: 'failed', cache: 'miss', seconds: 1, error: 'The codec is damaged.\n  where: x' },
        { ...node, id: 'samples', status: 'blocked', cache: 'miss', seconds: 0 },
      ],
    }),
  ).toEqual([
    '  ✓ sounds    done      reused',
    '  ✓ media     done      3.2 s         5 of 8 elements ran, 3 reused, 1 quarantined  2 attempts',
    '  ✗ latents   failed    1.0 s         The codec is damaged.',
    '  – samples   blocked',
    'video-to-audio failed in 1 min 02 s: 2 done, 1 failed, 1 blocked (1 reused)',
  ]);
});

import { describe, expect, it } from 'vitest';
import { chooseWindows } from '../../../pipelines/video-to-audio/evaluate/choose-windows.ts';
import type { Clip } from '../../../pipelines/video-to-audio/tasks.ts';

const clip = (id: string): Clip => ({ id, set: 'piano', split: 'test', caption: '', media: { form: 'file', digest: id, bytes: 1 } });
const lengths: Record<string, number> = { a: 450, b: 320, c: 100, d: 150 };
const lengthOf = (id: string) => lengths[id] ?? 0;
const chosen = (ids: string[], count: number, seed = 1) =>
  chooseWindows(ids.map(clip), lengthOf, 150, count, seed).map((window) => `${window.clip.id}@${window.from}`);

describe('stretches of held-out clips', () => {
  it('are the first of every clip that is long enough, then the second, without overlap', () => {
    const all = chosen(['a', 'b', 'c', 'd'], 99);
    expect([...all.slice(0, 3)].sort()).toEqual(['a@0', 'b@0', 'd@0']);
    expect([...all.slice(3, 5)].sort()).toEqual(['a@150', 'b@150']);
    expect(all.slice(5)).toEqual(['a@300']);
  });
  it('do not depend on the order of the clips, nor on clips that are not chosen', () => {
    expect(chosen(['d', 'b', 'a'], 99)).toEqual(chosen(['a', 'b', 'd'], 99));
    expect(chosen(['a', 'b', 'c', 'd'], 99)).toEqual(chosen(['a', 'b', 'd'], 99));
  });
  it('are others for another seed, and none without clips', () => {
    const orders = new Set([1, 2, 3, 4, 5, 6].map((seed) => chosen(['a', 'b', 'd'], 3, seed).join()));
    expect(orders.size).toBeGreaterThan(1);
    expect(chosen([], 5)).toEqual([]);
    expect(chosen(['c'], 5)).toEqual([]);
  });
});

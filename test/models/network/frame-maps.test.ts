import { beforeAll, describe, expect, it } from 'vitest';
import { featureFrames, frameWindows, type RollFactor, rollFrames, rollToLatents } from '../../../models/network/frame-maps.ts';
import { type Fixture, readFixture, testBackend } from './fixture.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = readFixture(await testBackend(), 'frame_maps');
});
const cases = (prefix: string) => fixture.names.filter((name) => name.startsWith(prefix));

describe('frame maps, to the last index', () => {
  it('of frame features', () => {
    expect(cases('clip/')).not.toHaveLength(0);
    for (const name of cases('clip/')) {
      const [, frames, duration] = name.match(/F(\d+)_dur([\d.]+)/) ?? [];
      expect([...featureFrames(Number(frames), Number(duration), 750)], name).toEqual([...fixture.array(name).data]);
    }
  });
  it('of the roll predictor', () => {
    for (const name of cases('rollframes_')) {
      const [, factor, frames, duration] = name.match(/x([\d.]+)\/F(\d+)_dur([\d.]+)/) ?? [];
      expect([...rollFrames(Number(frames), Number(duration), Number(factor) as RollFactor, 750)], name).toEqual([
        ...fixture.array(name).data,
      ]);
    }
  });
  it('of its windows of five', () => {
    for (const name of cases('window/'))
      expect([...frameWindows(Number(name.slice('window/t'.length)))]).toEqual([...fixture.array(name).data]);
  });
  it('of a single frame stands for all', () => {
    expect([...featureFrames(1, 10, 3)]).toEqual([0, 0, 0]);
  });
});

it('rolls are repeated to the latents, cut and padded', () => {
  for (const name of cases('rollhead_').filter((name) => !name.endsWith('logits'))) {
    const [, factor, frames, latents] = name.match(/x([\d.]+)\/t(\d+)_l(\d+)/) ?? [];
    const logits = fixture.array(`rollhead_x${factor}/t${frames}_logits`);
    const roll = Float32Array.from(logits.data, (value) => 1 / (1 + Math.exp(-value)));
    const expected = fixture.array(name);
    rollToLatents(roll, logits.shape[1] ?? 0, Number(factor) as RollFactor, Number(latents)).forEach((value, i) => {
      expect(Math.abs(value - (expected.data[i] ?? Number.NaN)), name).toBeLessThan(1e-6);
    });
  }
});

import { describe, expect, it } from 'vitest';
import { resample } from '../../numeric/resample.ts';
import { readFixture, testBackend } from '../models/network/fixture.ts';

describe('resampling', () => {
  it.each([
    [24_000, 16_000, 'noise'],
    [24_000, 16_000, 'impulse'],
    [22_050, 24_000, 'impulse'],
  ])('%d to %d Hz of %s is that of torchaudio', async (from, to, signal) => {
    const fixture = readFixture(await testBackend(), 'resample', 'metrics');
    const part = (name: string) => fixture.array(`${from}_${to}.${signal}.${name}`).data;
    const found = resample(Float32Array.from(part('in')), from, to);
    expect(found.length).toBe(part('torchaudio').length);
    expect(Math.max(...found.map((value, i) => Math.abs(value - (part('torchaudio')[i] ?? 0))))).toBeLessThan(1e-5);
  });
  it('keeps a tone below both limits, and its length', () => {
    const tone = (rate: number) => Float32Array.from({ length: rate / 10 }, (_, i) => Math.sin((2 * Math.PI * 440 * i) / rate));
    const [found, wanted] = [resample(tone(24_000), 24_000, 22_050), tone(22_050)];
    expect(found.length).toBe(wanted.length);
    expect(Math.max(...found.slice(100, -100).map((value, i) => Math.abs(value - (wanted[i + 100] ?? 0))))).toBeLessThan(0.02);
  });
});

import { describe, expect, it } from 'vitest';
import { resample } from '../../numeric/resample.ts';

describe('resampling', () => {
  it('keeps a tone below both limits, and its length', () => {
    const tone = (rate: number) => Float32Array.from({ length: rate / 10 }, (_, i) => Math.sin((2 * Math.PI * 440 * i) / rate));
    const [found, wanted] = [resample(tone(24_000), 24_000, 22_050), tone(22_050)];
    expect(found.length).toBe(wanted.length);
    expect(Math.max(...found.slice(100, -100).map((value, i) => Math.abs(value - (wanted[i + 100] ?? 0))))).toBeLessThan(0.02);
  });
});

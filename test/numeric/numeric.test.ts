import { describe, expect, it } from 'vitest';
import { symmetricEigen } from '../../numeric/eigen.ts';
import { fft } from '../../numeric/fft.ts';
import { applyFilters, melFilters } from '../../numeric/mel.ts';
import { normal } from '../../numeric/random.ts';
import { meanAndCovariance, welford } from '../../numeric/statistics.ts';
import { magnitudes } from '../../numeric/stft.ts';

const draw = (purpose: string, count: number) => Float64Array.from(normal({ seed: 9, purpose }, count));

describe('Fourier transform', () => {
  it.each([1, 2, 8, 64])('of %i points equals the sum it stands for', (n) => {
    const [real, imaginary] = [draw('re', n), draw('im', n)];
    const [re, im] = [real.slice(), imaginary.slice()];
    fft(re, im);
    for (let k = 0; k < n; k++) {
      let [sumRe, sumIm] = [0, 0];
      for (let i = 0; i < n; i++) {
        const angle = (-2 * Math.PI * k * i) / n;
        sumRe += (real[i] ?? 0) * Math.cos(angle) - (imaginary[i] ?? 0) * Math.sin(angle);
        sumIm += (real[i] ?? 0) * Math.sin(angle) + (imaginary[i] ?? 0) * Math.cos(angle);
      }
      expect(re[k]).toBeCloseTo(sumRe, 10);
      expect(im[k]).toBeCloseTo(sumIm, 10);
    }
  });
  it('refuses other lengths than powers of two', () => {
    expect(() => fft(new Float64Array(12), new Float64Array(12))).toThrow(/12 points/);
  });
});

describe('short-time spectrum and mel bands', () => {
  const rate = 24_000;
  const tone = (hz: number) => Float64Array.from({ length: rate / 2 }, (_, i) => Math.sin((2 * Math.PI * hz * i) / rate));
  it('puts a tone into its bin and its band', () => {
    const spectrum = magnitudes(tone(3000), { size: 1024, hop: 256 });
    expect([spectrum.frames, spectrum.bins]).toEqual([1 + Math.floor(12_000 / 256), 513]);
    const middle = spectrum.values.subarray(20 * 513, 21 * 513);
    expect(middle.indexOf(Math.max(...middle))).toBe(128);
    const filters = melFilters({ sampleRate: rate, size: 1024, bands: 40, lowest: 0, highest: 12_000, scale: 'htk' });
    const bands = applyFilters(filters, 40, spectrum).subarray(20 * 40, 21 * 40);
    const mel = (hz: number) => 2595 * Math.log10(1 + hz / 700);
    expect(bands.indexOf(Math.max(...bands)) + 1).toBe(Math.round((mel(3000) / mel(12_000)) * 41));
  });
  it('is silent for silence, however short', () => {
    expect(magnitudes(new Float64Array(3), { size: 64, hop: 16 }).values.every((value) => value === 0)).toBe(true);
  });
});

describe('eigenvalues of a symmetric matrix', () => {
  it.each([1, 2, 3, 17, 60])('n = %i: V·Λ·Vᵀ gives the matrix back and V is orthogonal', (n) => {
    const half = draw('matrix', n * n);
    const matrix = Float64Array.from({ length: n * n }, (_, i) => (half[i] ?? 0) + (half[(i % n) * n + Math.floor(i / n)] ?? 0));
    const { values, vectors } = symmetricEigen(matrix, n);
    expect([...values]).toEqual([...values].sort((a, b) => a - b));
    let worst = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        let [again, inner] = [0, 0];
        for (let k = 0; k < n; k++) {
          again += (vectors[i * n + k] ?? 0) * (values[k] ?? 0) * (vectors[j * n + k] ?? 0);
          inner += (vectors[k * n + i] ?? 0) * (vectors[k * n + j] ?? 0);
        }
        worst = Math.max(worst, Math.abs(again - (matrix[i * n + j] ?? 0)), Math.abs(inner - (i === j ? 1 : 0)));
      }
    }
    expect(worst).toBeLessThan(1e-12 * n);
  });
  it('handles diagonal and repeated ones', () => {
    expect([...symmetricEigen([3, 0, 0, 0, 1, 0, 0, 0, 3], 3).values]).toEqual([1, 3, 3]);
    expect([...symmetricEigen(new Float64Array(16), 4).values]).toEqual([0, 0, 0, 0]);
  });
});

describe('running statistics', () => {
  it('agree with the two-pass ones and stay exact far from zero', () => {
    const values = draw('values', 300).map((value, i) => value + (i % 3 === 0 ? 1e8 : 0));
    const running = welford(3);
    for (let i = 0; i < 100; i++) running.add(values.subarray(3 * i, 3 * i + 3));
    const { mean, covariance } = meanAndCovariance(values, 3);
    for (let d = 0; d < 3; d++) {
      expect(running.mean()[d]).toBeCloseTo(mean[d] ?? 0, 6);
      expect((running.deviation()[d] ?? 0) ** 2 / ((covariance[4 * d] ?? 0) * 0.99)).toBeCloseTo(1, 6);
    }
  });
  it('refuse a value that is not finite', () => {
    expect(() => welford(2).add([1, Number.NaN])).toThrow(/NaN in dimension 1/);
  });
});

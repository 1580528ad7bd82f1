import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { crc32, encodePng } from '../../../web/report/png.ts';
import { drawSpectrogram, level, melPicture, transform } from '../../../web/report/spectrogram.ts';
import { readWav } from '../../../web/report/wav.ts';
import { wav } from '../example.ts';

const sine = (hertz: number, seconds: number, rate: number, amplitude = 1): Float32Array =>
  Float32Array.from({ length: seconds * rate }, (_, i) => amplitude * Math.sin((2 * Math.PI * hertz * i) / rate));

function loudestBand(samples: Float32Array, rate: number): number {
  const { decibels, columns, bands } = melPicture({ samples, rate });
  const middle = Math.floor(columns / 2) * bands;
  return decibels.subarray(middle, middle + bands).indexOf(Math.max(...decibels.subarray(middle, middle + bands)));
}

describe('the spectrogram', () => {
  it('shows a tone at the height of its pitch', () => {
    const mel = (hz: number) => 2595 * Math.log10(1 + hz / 700);
    for (const hertz of [440, 1000, 4000]) {
      const expected = (mel(hertz) / mel(12_000)) * 113 - 1;
      expect(Math.abs(loudestBand(sine(hertz, 1, 24_000), 24_000) - expected)).toBeLessThan(1.5);
    }
  });

  it('gives a full-scale tone about 0 dB, and a tenth of it 20 dB less', () => {
    const peak = (amplitude: number) => Math.max(...melPicture({ samples: sine(2000, 1, 24_000, amplitude), rate: 24_000 }).decibels);
    expect(Math.abs(peak(1))).toBeLessThan(3);
    expect(peak(1) - peak(0.1)).toBeCloseTo(20, 1);
  });

  it('has energy in every band of a click', () => {
    const samples = new Float32Array(24_000);
    samples[12_000] = 1;
    const { decibels, columns, bands } = melPicture({ samples, rate: 24_000 });
    const middle = Math.floor(columns / 2) * bands;
    expect(Math.min(...decibels.subarray(middle, middle + bands))).toBeGreaterThan(-90);
  });

  it('draws silence and very short sounds too', () => {
    for (const length of [0, 1, 100])
      expect(drawSpectrogram(melPicture({ samples: new Float32Array(length), rate: 24_000 })).length).toBeGreaterThan(800);
    expect(level({ samples: new Float32Array(10), rate: 24_000 })).toBe(-140);
  });

  it('measures the level of a full-scale sine as -3 dB', () => {
    expect(level({ samples: sine(100, 1, 24_000), rate: 24_000 })).toBeCloseTo(-3.01, 2);
  });
});

describe('the Fourier transform', () => {
  it('agrees with its definition', () => {
    const real = Float64Array.from([1, 2, -1, 0.5, 3, -2, 0, 1]);
    const imaginary = new Float64Array(8);
    const expected = Array.from(real, (_, k) =>
      [Math.cos, Math.sin].map((part, p) => real.reduce((sum, x, n) => sum + (p === 0 ? 1 : -1) * x * part((2 * Math.PI * k * n) / 8), 0)),
    );
    transform(real, imaginary);
    expected.forEach(([re = 0, im = 0], k) => {
      expect(real[k]).toBeCloseTo(re, 12);
      expect(imaginary[k]).toBeCloseTo(im, 12);
    });
  });
});

describe('the PNG encoder', () => {
  const palette = Uint8Array.from({ length: 768 }, (_, i) => i % 251);

  it('writes what a decoder reads back', () => {
    const pixels = Uint8Array.from({ length: 6 }, (_, i) => i * 40);
    const png = encodePng(pixels, 3, 2, palette);
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    const chunks = new Map<string, Buffer>();
    for (let at = 8; at < png.length; ) {
      const length = png.readUInt32BE(at);
      const body = png.subarray(at + 4, at + 8 + length);
      expect(png.readUInt32BE(at + 8 + length)).toBe(crc32(body));
      chunks.set(body.toString('latin1', 0, 4), body.subarray(4));
      at += length + 12;
    }
    expect([...chunks.keys()]).toEqual(['IHDR', 'PLTE', 'IDAT', 'IEND']);
    const rows = inflateSync(chunks.get('IDAT') ?? Buffer.alloc(0));
    const above = [...rows.subarray(1, 4)];
    expect(above).toEqual([0, 40, 80]);
    expect([...rows.subarray(5, 8)].map((value, i) => (value + (above[i] ?? 0)) & 255)).toEqual([120, 160, 200]);
  });

  it('knows the standard check value of CRC-32', () => {
    expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
  });

  it('refuses pixels that do not fill the picture', () => {
    expect(() => encodePng(new Uint8Array(5), 3, 2, palette)).toThrow(RangeError);
  });
});

describe('reading wav files', () => {
  it('gives back the samples', () => {
    const samples = sine(440, 0.01, 24_000, 0.5);
    const { samples: read, rate } = readWav(wav(samples));
    expect(rate).toBe(24_000);
    expect(Math.max(...read.map((value, i) => Math.abs(value - (samples[i] ?? 0))))).toBeLessThan(1e-4);
  });

  it('mixes channels and reads floats', () => {
    const file = wav(new Float32Array(4));
    file.writeUInt16LE(3, 20); // float
    file.writeUInt16LE(2, 22); // two channels
    file.writeUInt16LE(32, 34);
    file.writeFloatLE(1, 44);
    file.writeFloatLE(0.5, 48);
    expect([...readWav(file).samples]).toEqual([0.75]);
  });

  it.each([
    ['something else', Buffer.from('not a sound at all')],
    ['no samples', wav(new Float32Array(0)).subarray(0, 36)],
    [
      'a compressed format',
      (() => {
        const file = wav(new Float32Array(4));
        file.writeUInt16LE(85, 20);
        return file;
      })(),
    ],
    ['nothing', Buffer.alloc(0)],
  ])('refuses %s', (_, bytes) => {
    expect(() => readWav(bytes)).toThrow(expect.objectContaining({ code: 'BAD_WAV' }));
  });
});
